module github.com/tracecoreai/tracecore/internal/tools/demo

go 1.26.0

require go.yaml.in/yaml/v3 v3.0.5

require github.com/stretchr/testify v1.12.1
