"""An OpenAPI document of what recorded traffic shows."""
