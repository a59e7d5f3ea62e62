module github.com/tracecoreai/tracecore/internal/tools/alerts

go 1.26.7

require (
	github.com/stretchr/testify v1.12.1
	github.com/tracecoreai/tracecore/internal/dcgmnames v0.1.0
	github.com/tracecoreai/tracecore/internal/xid v0.1.0
	go.yaml.in/yaml/v3 v3.0.5
)

replace (
	github.com/tracecoreai/tracecore/internal/dcgmnames => ../../dcgmnames
	github.com/tracecoreai/tracecore/internal/xid => ../../xid
)
