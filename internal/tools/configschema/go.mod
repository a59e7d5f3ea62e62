module github.com/tracecoreai/tracecore/internal/tools/configschema

go 1.26.7

require (
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	github.com/stretchr/testify v1.12.1
	github.com/tracecoreai/tracecore/exporter/stdoutexporter v0.1.0
	github.com/tracecoreai/tracecore/extension/healthsloextension v0.1.0
	github.com/tracecoreai/tracecore/processor/gpuattributionprocessor v0.1.0
	github.com/tracecoreai/tracecore/receiver/clockreceiver v0.1.0
	github.com/tracecoreai/tracecore/receiver/dcgmreceiver v0.1.0
	github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver v0.1.0
	go.opentelemetry.io/collector/component v1.58.0
	go.opentelemetry.io/collector/confmap v1.58.0
	go.yaml.in/yaml/v3 v3.0.5
)

require (
	github.com/Microsoft/go-winio v0.6.2 // indirect
	github.com/NVIDIA/go-dcgm v1.4611.0 // indirect
	github.com/bits-and-blooms/bitset v1.25.0 // indirect
	github.com/cenkalti/backoff/v5 v5.0.3 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/felixge/httpsnoop v1.1.0 // indirect
	github.com/foxboron/go-tpm-keyfiles v0.0.0-20251226215517-609e4778396f // indirect
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	github.com/go-logr/logr v1.4.4 // indirect
	github.com/go-logr/stdr v1.2.2 // indirect
	github.com/go-viper/mapstructure/v2 v2.5.0 // indirect
	github.com/gobwas/glob v0.2.3 // indirect
	github.com/golang/snappy v1.0.0 // indirect
	github.com/google/go-tpm v0.9.8 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/hashicorp/go-version v1.9.0 // indirect
	github.com/hashicorp/golang-lru/v2 v2.0.7 // indirect
	github.com/json-iterator/go v1.1.12 // indirect
	github.com/klauspost/compress v1.20.4 // indirect
	github.com/knadh/koanf/maps v0.1.2 // indirect
	github.com/knadh/koanf/providers/confmap v1.0.0 // indirect
	github.com/knadh/koanf/v2 v2.3.4 // indirect
	github.com/mitchellh/copystructure v1.2.0 // indirect
	github.com/mitchellh/reflectwalk v1.0.2 // indirect
	github.com/modern-go/concurrent v0.0.0-20180306012644-bacd9c7ef1dd // indirect
	github.com/modern-go/reflect2 v1.0.3-0.20250322232337-35a7c28c31ee // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/pierrec/lz4/v4 v4.1.26 // indirect
	github.com/prometheus/client_model v0.6.2 // indirect
	github.com/prometheus/common v0.67.5 // indirect
	github.com/rs/cors v1.11.1 // indirect
	github.com/tracecoreai/tracecore/internal/buildinfo v0.1.0 // indirect
	github.com/tracecoreai/tracecore/internal/dcgmnames v0.1.0 // indirect
	github.com/tracecoreai/tracecore/internal/dcgmrecording v0.1.0 // indirect
	github.com/tracecoreai/tracecore/internal/hostidentity v0.1.0 // indirect
	github.com/tracecoreai/tracecore/internal/receiverloop v0.1.0 // indirect
	github.com/tracecoreai/tracecore/internal/selftelemetry v0.1.0 // indirect
	github.com/tracecoreai/tracecore/internal/telemetrysource v0.1.0 // indirect
	github.com/tracecoreai/tracecore/internal/xid v0.1.0 // indirect
	go.opentelemetry.io/auto/sdk v1.2.1 // indirect
	go.opentelemetry.io/collector/client v1.58.0 // indirect
	go.opentelemetry.io/collector/component/componentstatus v0.152.1 // indirect
	go.opentelemetry.io/collector/config/configauth v1.58.0 // indirect
	go.opentelemetry.io/collector/config/configcompression v1.58.0 // indirect
	go.opentelemetry.io/collector/config/confighttp v0.152.1 // indirect
	go.opentelemetry.io/collector/config/configmiddleware v1.58.0 // indirect
	go.opentelemetry.io/collector/config/confignet v1.58.0 // indirect
	go.opentelemetry.io/collector/config/configopaque v1.58.0 // indirect
	go.opentelemetry.io/collector/config/configoptional v1.58.0 // indirect
	go.opentelemetry.io/collector/config/configretry v1.58.0 // indirect
	go.opentelemetry.io/collector/config/configtls v1.58.0 // indirect
	go.opentelemetry.io/collector/confmap/xconfmap v0.152.1 // indirect
	go.opentelemetry.io/collector/consumer v1.58.0 // indirect
	go.opentelemetry.io/collector/consumer/consumererror v0.152.1 // indirect
	go.opentelemetry.io/collector/consumer/consumererror/xconsumererror v0.152.1 // indirect
	go.opentelemetry.io/collector/consumer/xconsumer v0.152.1 // indirect
	go.opentelemetry.io/collector/exporter v1.58.0 // indirect
	go.opentelemetry.io/collector/exporter/exporterhelper v0.152.1 // indirect
	go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper v0.152.1 // indirect
	go.opentelemetry.io/collector/exporter/xexporter v0.152.1 // indirect
	go.opentelemetry.io/collector/extension v1.58.0 // indirect
	go.opentelemetry.io/collector/extension/extensionauth v1.58.0 // indirect
	go.opentelemetry.io/collector/extension/extensioncapabilities v0.152.1 // indirect
	go.opentelemetry.io/collector/extension/extensionmiddleware v0.152.1 // indirect
	go.opentelemetry.io/collector/extension/xextension v0.152.1 // indirect
	go.opentelemetry.io/collector/featuregate v1.58.0 // indirect
	go.opentelemetry.io/collector/filter v0.152.0 // indirect
	go.opentelemetry.io/collector/internal/componentalias v0.152.1 // indirect
	go.opentelemetry.io/collector/pdata v1.58.0 // indirect
	go.opentelemetry.io/collector/pdata/pprofile v0.152.1 // indirect
	go.opentelemetry.io/collector/pdata/xpdata v0.152.1 // indirect
	go.opentelemetry.io/collector/pipeline v1.58.0 // indirect
	go.opentelemetry.io/collector/pipeline/xpipeline v0.152.1 // indirect
	go.opentelemetry.io/collector/processor v1.58.0 // indirect
	go.opentelemetry.io/collector/receiver v1.58.0 // indirect
	go.opentelemetry.io/collector/receiver/receiverhelper v0.152.1 // indirect
	go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp v0.72.0 // indirect
	go.opentelemetry.io/otel v1.47.0 // indirect
	go.opentelemetry.io/otel/log v1.47.0 // indirect
	go.opentelemetry.io/otel/metric v1.47.0 // indirect
	go.opentelemetry.io/otel/sdk v1.47.0 // indirect
	go.opentelemetry.io/otel/sdk/metric v1.47.0 // indirect
	go.opentelemetry.io/otel/trace v1.47.0 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	go.uber.org/zap v1.28.0 // indirect
	go.yaml.in/yaml/v2 v2.4.3 // indirect
	golang.org/x/crypto v0.59.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
	golang.org/x/text v0.44.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260928230214-8a89bd6388cc // indirect
	google.golang.org/grpc v1.85.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	k8s.io/kubelet v0.35.4 // indirect
)

replace (
	github.com/tracecoreai/tracecore/exporter/stdoutexporter => ../../../exporter/stdoutexporter
	github.com/tracecoreai/tracecore/extension/healthsloextension => ../../../extension/healthsloextension
	github.com/tracecoreai/tracecore/internal/buildinfo => ../../../internal/buildinfo
	github.com/tracecoreai/tracecore/internal/dcgmnames => ../../../internal/dcgmnames
	github.com/tracecoreai/tracecore/internal/dcgmrecording => ../../../internal/dcgmrecording
	github.com/tracecoreai/tracecore/internal/distcmd => ../../../internal/distcmd
	github.com/tracecoreai/tracecore/internal/hostidentity => ../../../internal/hostidentity
	github.com/tracecoreai/tracecore/internal/receiverloop => ../../../internal/receiverloop
	github.com/tracecoreai/tracecore/internal/selftelemetry => ../../../internal/selftelemetry
	github.com/tracecoreai/tracecore/internal/telemetrysource => ../../../internal/telemetrysource
	github.com/tracecoreai/tracecore/internal/xid => ../../../internal/xid
	github.com/tracecoreai/tracecore/processor/gpuattributionprocessor => ../../../processor/gpuattributionprocessor
	github.com/tracecoreai/tracecore/receiver/clockreceiver => ../../../receiver/clockreceiver
	github.com/tracecoreai/tracecore/receiver/dcgmreceiver => ../../../receiver/dcgmreceiver
	github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver => ../../../receiver/kerneleventsreceiver
)
