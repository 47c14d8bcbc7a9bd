"""A time-series store in a bucket of InfluxDB 2, through influxdb-client."""
