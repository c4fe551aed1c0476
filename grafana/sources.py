"""The data sources that dashboards read; ``provisioning/datasources`` sets up those with these uids."""

from grafana_foundation_sdk.models.dashboard import DataSourceRef

PROMETHEUS = DataSourceRef("prometheus", "prometheus")
TEMPO = DataSourceRef("tempo", "tempo")
