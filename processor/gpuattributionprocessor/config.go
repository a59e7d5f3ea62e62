// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/metadata"
)

const (
	styleSemconv      = "semconv"
	styleDCGMExporter = "dcgm_exporter"

	splitNone    = "none"
	splitByShare = "by_share"

	sharingTimeslice = "timeslice"
	sharingMPS       = "mps"

	minPollInterval = time.Second
	maxDuration     = 24 * time.Hour
)

// Config is the configuration of the GPU attribution processor. keys.yaml has the rules, and what README.md says about each key.
type Config struct {
	// Kubernetes asks the kubelet of this node for containers and claims that hold GPUs.
	Kubernetes configoptional.Optional[KubernetesConfig] `mapstructure:"kubernetes"`

	// Jobs reads the job-mapping directory of dcgm-exporter. Without this key and kubernetes, both are used where their paths exist.
	Jobs configoptional.Optional[JobsConfig] `mapstructure:"jobs"`

	// Attributes are the names of a holder's attributes: semconv or dcgm_exporter.
	Attributes string `mapstructure:"attributes"`

	// Split says what becomes of a cumulative sum while a GPU has several holders: none leaves it with the
	// device, by_share divides it.
	Split string `mapstructure:"split"`

	// MaxAge is how old the last good answer of a source may be; then holders are unknown.
	MaxAge time.Duration `mapstructure:"max_age"`

	// Node is the name of this node, beside those that the host has: data of other nodes is left alone.
	Node string `mapstructure:"node"`

	// DeviceMetrics are regular expressions for names of metrics that describe the board and not its use: they get no
	// holder and are never restarted.
	DeviceMetrics []string `mapstructure:"device_metrics"`

	// Idle says when an allocated GPU is idle.
	Idle IdleConfig `mapstructure:"idle"`

	// Stalled says when an allocated GPU looks as if a collective hung.
	Stalled StalledConfig `mapstructure:"stalled"`

	// MetricsBuilderConfig switches single metrics.
	MetricsBuilderConfig metadata.MetricsBuilderConfig `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// KubernetesConfig says how the kubelet is asked.
type KubernetesConfig struct {
	// Socket is that of the kubelet's pod-resources API.
	Socket string `mapstructure:"socket"`

	// PollInterval is the time between two questions.
	PollInterval time.Duration `mapstructure:"poll_interval"`

	// Timeout is how long one round of questions may take.
	Timeout time.Duration `mapstructure:"timeout"`

	// Resources are regular expressions for names of resources, or of drivers of dynamic resource allocation, that are GPUs
	// beside nvidia.com/gpu, nvidia.com/gpu.shared, nvidia.com/mig-* and gpu.nvidia.com.
	Resources []string `mapstructure:"resources"`

	// Sharing is what shares of a GPU are on this node: timeslice or mps.
	Sharing string `mapstructure:"sharing"`

	// PodsSocket is that of the kubelet's pods API, which has UIDs and labels: /var/lib/kubelet/pods-api/pods-api.sock in
	// Kubernetes 1.37.
	PodsSocket string `mapstructure:"pods_socket"`

	// PodLabels are regular expressions for the keys of pod labels that become attributes. Needs pods_socket.
	PodLabels []string `mapstructure:"pod_labels"`

	// ResourceSlices asks the API server which device of a claim is which GPU, where the kubelet's CDI names lack the UUID.
	ResourceSlices configoptional.Optional[ResourceSlicesConfig] `mapstructure:"resource_slices"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ResourceSlicesConfig says how the API server is asked.
type ResourceSlicesConfig struct {
	// Endpoint is the URL of the API server.
	Endpoint string `mapstructure:"endpoint"`

	// TokenFile and CAFile are those of the pod's service account.
	TokenFile string `mapstructure:"token_file"`
	CAFile    string `mapstructure:"ca_file"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// JobsConfig says where a batch system writes down jobs.
type JobsConfig struct {
	// Directory has a file for each GPU, named by DCGM's number.
	Directory string `mapstructure:"directory"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// IdleConfig says when an allocated GPU is idle.
type IdleConfig struct {
	// Utilization is what an idle GPU has at most.
	Utilization float64 `mapstructure:"utilization"`

	// After is how long it has had it.
	After time.Duration `mapstructure:"after"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// StalledConfig says when an allocated GPU is stalled.
type StalledConfig struct {
	// Utilization is what a stalled GPU has at least.
	Utilization float64 `mapstructure:"utilization"`

	// Power is what it takes at most, as a share of its enforced power limit.
	Power float64 `mapstructure:"power"`

	// After is how long both have been so.
	After time.Duration `mapstructure:"after"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

func defaultKubernetes() KubernetesConfig {
	return KubernetesConfig{
		Socket:       "/var/lib/kubelet/pod-resources/kubelet.sock",
		PollInterval: 10 * time.Second,
		Timeout:      5 * time.Second,
		Sharing:      sharingTimeslice,
		ResourceSlices: configoptional.Default(ResourceSlicesConfig{
			Endpoint:  "https://kubernetes.default.svc",
			TokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
			CAFile:    "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
		}),
	}
}

func defaultJobs() JobsConfig { return JobsConfig{Directory: "/var/lib/dcgm-exporter/job-mapping"} }

func createDefaultConfig() component.Config {
	return &Config{
		Kubernetes: configoptional.Default(defaultKubernetes()),
		Jobs:       configoptional.Default(defaultJobs()),
		Attributes: styleSemconv,
		Split:      splitNone,
		MaxAge:     5 * time.Minute,
		DeviceMetrics: []string{
			`hw\.errors`, `gpu\.ecc\..*`, `gpu\.memory\.(pages|rows)\..*`, `gpu\.info`,
			`gpu\.nvlink\.(errors|recoveries|ber|fec\..*)`, `gpu\.pcie\.(replays|errors\..*)`, `gpu\.c2c\.errors`,
			`DCGM_FI_DEV_(GPU_)?(NVLINK|PCIE|C2C)_.*(ERR|REPLAY|RECOVERY|BER|FEC|DISCARD|DROPPED|MALFORMED|LINK_DOWN|PLR_).*`,
			`DCGM_FI_DEV_(ECC|RETIRED|ROW_REMAP|BANKS_REMAP)_.*`, `DCGM_FI_DEV_(UN)?CORRECTABLE_REMAPPED_ROWS`,
		},
		Idle:                 IdleConfig{Utilization: 0.01, After: 5 * time.Minute},
		Stalled:              StalledConfig{Utilization: 0.95, Power: 0.3, After: 2 * time.Minute},
		MetricsBuilderConfig: metadata.DefaultMetricsBuilderConfig(),
	}
}

// Validate checks the rules of keys.yaml.
func (cfg *Config) Validate() error {
	_, patternErr := compile("device_metrics", cfg.DeviceMetrics)
	return errors.Join(
		oneOf("attributes", cfg.Attributes, styleSemconv, styleDCGMExporter),
		oneOf("split", cfg.Split, splitNone, splitByShare),
		within("max_age", cfg.MaxAge, 10*time.Second),
		patternErr,
		ratio("idle::utilization", cfg.Idle.Utilization),
		within("idle::after", cfg.Idle.After, 0),
		ratio("stalled::utilization", cfg.Stalled.Utilization),
		ratio("stalled::power", cfg.Stalled.Power),
		within("stalled::after", cfg.Stalled.After, 0),
	)
}

// Unmarshal reads the section. A timeout that it does not name is never longer than the interval that it names.
func (cfg *KubernetesConfig) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(cfg); err != nil {
		return err
	}
	if !conf.IsSet("timeout") {
		cfg.Timeout = min(cfg.Timeout, max(cfg.PollInterval, minPollInterval))
	}
	return nil
}

// Validate checks the rules of keys.yaml.
func (cfg *KubernetesConfig) Validate() error {
	_, resourceErr := compile("resources", cfg.Resources)
	_, labelErr := compile("pod_labels", cfg.PodLabels)
	errs := []error{
		socket("socket", cfg.Socket),
		within("poll_interval", cfg.PollInterval, minPollInterval),
		resourceErr, labelErr,
		oneOf("sharing", cfg.Sharing, sharingTimeslice, sharingMPS),
	}
	if cfg.Timeout <= 0 || cfg.Timeout > cfg.PollInterval {
		errs = append(errs, fmt.Errorf(`"timeout": must be more than 0s and at most "poll_interval" (%s), got %s`, cfg.PollInterval, cfg.Timeout))
	}
	if cfg.PodsSocket != "" {
		errs = append(errs, socket("pods_socket", cfg.PodsSocket))
	}
	if len(cfg.PodLabels) > 0 && cfg.PodsSocket == "" {
		errs = append(errs, errors.New(`"pod_labels": needs "pods_socket", where labels come from`))
	}
	return errors.Join(errs...)
}

// Validate checks the rules of keys.yaml.
func (cfg *ResourceSlicesConfig) Validate() error {
	if target, err := url.Parse(cfg.Endpoint); err != nil || target.Scheme != "https" || target.Host == "" {
		return fmt.Errorf(`"endpoint": must be a URL that begins with https:// and names a host, got %q`, cfg.Endpoint)
	}
	return nil
}

// Validate checks the rules of keys.yaml.
func (cfg *JobsConfig) Validate() error {
	if !filepath.IsAbs(cfg.Directory) {
		return fmt.Errorf(`"directory": must be an absolute path, got %q`, cfg.Directory)
	}
	if info, err := os.Stat(cfg.Directory); err == nil && !info.IsDir() {
		return fmt.Errorf(`"directory": %s is no directory`, cfg.Directory)
	}
	return nil
}
