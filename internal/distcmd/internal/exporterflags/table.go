// SPDX-License-Identifier: Apache-2.0

package exporterflags

// kind is what the value of a flag is.
type kind uint8

const (
	text kind = iota
	number
	toggle
	list // values with commas between them; the flag may be repeated
	duration
	choice
)

// Flag is a flag of dcgm-exporter.
type Flag struct {
	Name, Short, Env string
	Default          string
	Becomes          string // the setting that it is translated to, or why it needs none
	Instead          string // what to do instead: another value than the default is refused

	kind    kind
	choices []string
	without string                         // the flag without which this one has no effect, for dcgm-exporter as well
	apply   func(c *config, v value) error // nil where nothing has to be set
}

// Flags are those of dcgm-exporter 4.8 and 4.9.
var Flags = []Flag{
	{Name: "address", Short: "a", Env: "DCGM_EXPORTER_LISTEN", Default: ":9400", Becomes: "`exporters::prometheus::endpoint`", apply: address},
	{
		Name: "clock-events-count-window-size", Env: "DCGM_EXPORTER_CLOCK_EVENTS_COUNT_WINDOW_SIZE", Default: "300000", Becomes: "`receivers::dcgm::dcgm_exporter::clock_events_window`", kind: number,
		apply: window("receivers::dcgm::dcgm_exporter::clock_events_window"),
	},
	{Name: "collect-interval", Short: "c", Env: "DCGM_EXPORTER_INTERVAL", Default: "30000", Becomes: "`receivers::dcgm::collection_interval`; `exporters::prometheus::metric_expiration` is three times that, or one and a half with `kubernetes` or `hpc-job-mapping-dir`", kind: number, apply: interval},
	{Name: "collectors", Short: "f", Env: "DCGM_EXPORTER_COLLECTORS", Default: "/etc/dcgm-exporter/default-counters.csv", Becomes: "`receivers::dcgm::dcgm_exporter::counters`. Where there is no such file, `default-counters.csv`, " +
		"`dcp-metrics-included.csv` and `1.x-compatibility-metrics.csv` of `/etc/dcgm-exporter` have the counters that dcgm-exporter 4.8 comes with", apply: counters},
	{Name: "config-file", Env: "DCGM_EXPORTER_CONFIG_FILE", Instead: "give its settings as flags, or begin with --print-config and run the Collector with a configuration of its own"},
	{Name: "configmap-data", Short: "m", Env: "DCGM_EXPORTER_CONFIGMAP_DATA", Default: "none", Instead: "mount the ConfigMap and give the file in it to --collectors"},
	{Name: "container-labels", Env: "DCGM_EXPORTER_CONTAINER_LABELS", Default: "false", kind: toggle, Instead: "take labels of pods: --kubernetes-enable-pod-labels"},
	{Name: "container-runtime-socket", Env: "DCGM_CONTAINER_RUNTIME_SOCKET", without: "container-labels", Instead: "take labels of pods: --kubernetes-enable-pod-labels"},
	{Name: "cpu-devices", Short: "p", Env: "DCGM_EXPORTER_CPU_DEVICES_STR", Default: "f", Becomes: "no effect: counters of CPUs and cores stand in the counters file. Another value than `f`, which is all, is refused", apply: allOf("CPUs", "cpu")},
	{Name: "dcgm-log-level", Env: "DCGM_EXPORTER_DCGM_LOG_LEVEL", Default: "NONE", without: "enable-dcgm-log", Instead: "set __DCGM_DBG_LVL and __DCGM_DBG_FILE in the environment, which libdcgm reads"},
	{Name: "debug", Env: "DCGM_EXPORTER_DEBUG", Default: "false", Becomes: "`service::telemetry::logs::level: debug`", kind: toggle, apply: when("service::telemetry::logs::level", "debug")},
	{Name: "devices", Short: "d", Env: "DCGM_EXPORTER_DEVICES_STR", Default: "f", Becomes: "`receivers::dcgm::dcgm_exporter::mig`: `f` is `flex`, `g` is `gpus`, `i` is `instances`, `g+i` is `both`; `receivers::dcgm::devices` as well for `g:0,2-3`. Numbers of instances (`i:0`) are refused", apply: devices},
	{Name: "disable-startup-validate", Env: "DISABLE_STARTUP_VALIDATE", Default: "false", Becomes: "no effect: the receiver starts without libdcgm, driver and GPU", kind: toggle},
	{Name: "dump-compression", Env: "DCGM_EXPORTER_DUMP_COMPRESSION", Default: "true", Becomes: "no effect: `dump-enabled` writes one file of limited size", kind: toggle},
	{Name: "dump-directory", Env: "DCGM_EXPORTER_DUMP_DIRECTORY", Default: "/tmp/dcgm-exporter-debug", Becomes: "the directory of `receivers::dcgm::dump::path`, with `dump-enabled`", apply: dumpDirectory},
	{Name: "dump-enabled", Env: "DCGM_EXPORTER_DUMP_ENABLED", Default: "false", Becomes: "`receivers::dcgm::dump::path`: `dcgm.jsonl`, a recording of what the host engine answers", kind: toggle, apply: dump},
	{Name: "dump-retention", Env: "DCGM_EXPORTER_DUMP_RETENTION", Default: "24", Becomes: "no effect: a recording takes the place of the last but one", kind: number},
	{Name: "enable-dcgm-log", Env: "DCGM_EXPORTER_ENABLE_DCGM_LOG", Default: "false", kind: toggle, Instead: "set __DCGM_DBG_LVL and __DCGM_DBG_FILE in the environment, which libdcgm reads"},
	{Name: "enable-gpu-bind-unbind-watch", Env: "DCGM_EXPORTER_ENABLE_GPU_BIND_UNBIND_WATCH", Default: "false", Becomes: "no effect: the receiver always follows GPUs that come and go", kind: toggle},
	{Name: "enable-pprof", Env: "DCGM_EXPORTER_ENABLE_PPROF", Default: "false", Becomes: "`extensions::pprof`, on `localhost:1777` instead of the port of the page", kind: toggle, apply: pprof},
	{Name: "fake-gpus", Env: "DCGM_EXPORTER_USE_FAKE_GPUS", Default: "false", kind: toggle, Instead: "take the simulated libdcgm (internal/dcgmsim)"},
	{Name: "gpu-bind-unbind-poll-interval", Env: "DCGM_EXPORTER_GPU_BIND_UNBIND_POLL_INTERVAL", Default: "1s", Becomes: "no effect: as for `enable-gpu-bind-unbind-watch`", kind: duration},
	{Name: "hpc-job-mapping-dir", Env: "DCGM_HPC_JOB_MAPPING_DIR", Becomes: "`processors::gpu_attribution::jobs::directory`", apply: jobs},
	{Name: "kubernetes", Short: "k", Env: "DCGM_EXPORTER_KUBERNETES", Default: "false", Becomes: "`processors::gpu_attribution` with the kubelet as source", kind: toggle, apply: kubernetes},
	{Name: "kubernetes-enable-dra", Env: "KUBERNETES_ENABLE_DRA", Default: "false", Becomes: "`processors::gpu_attribution::kubernetes::resource_slices`", kind: toggle, apply: dra},
	{Name: "kubernetes-enable-pod-labels", Env: "DCGM_EXPORTER_KUBERNETES_ENABLE_POD_LABELS", Default: "false", Becomes: "`processors::gpu_attribution::kubernetes::pods_socket` and `pod_labels`; needs the kubelet's pods API (Kubernetes 1.37)", kind: toggle, apply: podLabels},
	{Name: "kubernetes-enable-pod-uid", Env: "DCGM_EXPORTER_KUBERNETES_ENABLE_POD_UID", Default: "false", Becomes: "`processors::gpu_attribution::kubernetes::pods_socket`", kind: toggle, apply: podUID},
	{Name: "kubernetes-gpu-id-type", Env: "DCGM_EXPORTER_KUBERNETES_GPU_ID_TYPE", Default: "uid", Becomes: "no effect: ids of every device plugin are understood", kind: choice, choices: []string{"uid", "device-name"}},
	{Name: "kubernetes-pod-label-allowlist-regex", Env: "DCGM_EXPORTER_KUBERNETES_POD_LABEL_ALLOWLIST_REGEX", Becomes: "`processors::gpu_attribution::kubernetes::pod_labels`, with `kubernetes-enable-pod-labels`", kind: list, apply: podLabelPatterns},
	{Name: "kubernetes-virtual-gpus", Env: "KUBERNETES_VIRTUAL_GPUS", Default: "false", kind: toggle, without: "kubernetes", Instead: "a GPU with several holders has one series, without a holder: enable processors::gpu_attribution::metrics::gpu.allocation in the " +
		"configuration that --print-config gives, and join by it"},
	{Name: "log-format", Env: "DCGM_EXPORTER_LOG_FORMAT", Default: "text", Becomes: "`service::telemetry::logs::encoding`: `text` is `console`", kind: choice, choices: []string{"text", "json"}, apply: logFormat},
	{Name: "no-hostname", Short: "n", Env: "DCGM_EXPORTER_NO_HOSTNAME", Default: "false", Becomes: "`receivers::dcgm::dcgm_exporter::hostname_label: none`", kind: toggle, apply: when("receivers::dcgm::dcgm_exporter::hostname_label", "none")},
	{Name: "nvidia-resource-names", Env: "NVIDIA_RESOURCE_NAMES", Becomes: "`processors::gpu_attribution::kubernetes::resources`", kind: list, apply: resources},
	{Name: "pod-resources-kubelet-socket", Env: "DCGM_POD_RESOURCES_KUBELET_SOCKET", Default: "/var/lib/kubelet/pod-resources/kubelet.sock", Becomes: "`processors::gpu_attribution::kubernetes::socket`, with `kubernetes`", apply: socket},
	{Name: "remote-hostengine-info", Short: "r", Env: "DCGM_REMOTE_HOSTENGINE_INFO", Becomes: "`receivers::dcgm::endpoint`; without it, the host engine runs in this process (`mode: embedded`)", apply: engine},
	{Name: "replace-blanks-in-model-name", Short: "rbmn", Env: "DCGM_EXPORTER_REPLACE_BLANKS_IN_MODEL_NAME", Default: "false", Becomes: "a statement in `processors::transform`, for `modelName`: `model_name` of NVLinks stays as it is, as for dcgm-exporter", kind: toggle, apply: modelName},
	{Name: "switch-devices", Short: "s", Env: "DCGM_EXPORTER_OTHER_DEVICES_STR", Default: "f", Becomes: "no effect: counters of NVSwitches and NVLinks stand in the counters file. Another value than `f`, which is all, is refused", apply: allOf("NVSwitches", "nvswitch")},
	{Name: "use-old-namespace", Short: "o", Env: "DCGM_EXPORTER_USE_OLD_NAMESPACE", Default: "false", Becomes: "statements in `processors::transform` for the labels; names of 1.x come from a counters file that has them", kind: toggle, apply: oldLabels},
	{Name: "web-config-file", Env: "DCGM_EXPORTER_WEB_CONFIG_FILE", Becomes: "`exporters::prometheus::tls`; `extensions::basicauth` for `basic_auth_users`, in the full distribution. What has no counterpart there is refused", apply: webConfig},
	{Name: "web-read-timeout", Env: "DCGM_EXPORTER_WEB_READ_TIMEOUT", Becomes: "`exporters::prometheus::read_timeout`", kind: duration, apply: ifSet("exporters::prometheus::read_timeout")},
	{Name: "web-systemd-socket", Env: "DCGM_EXPORTER_SYSTEMD_SOCKET", Default: "false", kind: toggle, Instead: "the page needs an address: --address"},
	{Name: "web-write-timeout", Env: "DCGM_EXPORTER_WEB_WRITE_TIMEOUT", Becomes: "`exporters::prometheus::write_timeout`", kind: duration, apply: ifSet("exporters::prometheus::write_timeout")},
	{Name: "xid-count-window-size", Short: "x", Env: "DCGM_EXPORTER_XID_COUNT_WINDOW_SIZE", Default: "300000", Becomes: "`receivers::dcgm::dcgm_exporter::xid_window`", kind: number, apply: window("receivers::dcgm::dcgm_exporter::xid_window")},

	{Name: "names", Becomes: "`receivers::dcgm::dcgm_exporter::names`: `4.8`, `4.9` or `both`. A flag of this command alone", kind: choice, choices: []string{"4.8", "4.9", "both"}, apply: ifSet("receivers::dcgm::dcgm_exporter::names")},
	{Name: "hostname-label", Becomes: "`receivers::dcgm::dcgm_exporter::hostname_label`: `Hostname`, `hostname` or `both`. Without it, `Hostname` with names of 4.8, `hostname` with those of 4.9. A flag of this command alone", kind: choice, choices: []string{"Hostname", "hostname", "both"}, apply: hostnameLabel},
	{Name: "version", Short: "v", Default: "false", Becomes: "prints the version of this binary and ends", kind: toggle},
	{Name: PrintConfig, Default: "false", Becomes: "prints the configuration and ends. A flag of this command alone", kind: toggle},
}

// PrintConfig is the flag that prints the configuration.
const PrintConfig = "print-config"

// Refused says what to do in place of a flag that is not supported.
func (f Flag) Refused() string {
	if f.without != "" {
		return "with `" + f.without + "`: " + f.Instead
	}
	return f.Instead
}

// Usage is how the flag is written.
func (f Flag) Usage() string {
	usage := "--" + f.Name
	if f.Short != "" {
		usage = "-" + f.Short + ", " + usage
	}
	return usage
}
