"""A time-series store in a bucket of InfluxDB 2, through influxdb-client."""

from store.influx.address import Address
from store.influx.series import InfluxSeries

__all__ = ["Address", "InfluxSeries"]
