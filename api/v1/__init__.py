"""JSON for machines, described by OpenAPI at ``/v1/openapi.json``."""
