// SPDX-License-Identifier: Apache-2.0

package forwardalias

// A kind is a section of a configuration, or the detectors of the resource detection
// processor, which are named like components.
const (
	receivers  = "receivers"
	processors = "processors"
	exporters  = "exporters"
	connectors = "connectors"
	extensions = "extensions"
	detectors  = "detectors"
)

const (
	// detecting is the processor whose configuration holds detectors.
	detecting = "resourcedetection"
	// creating is the receiver whose configuration holds receivers.
	creating = "receiver_creator"
)

// encodingKeys are where receivers and exporters name an extension, alone or for each signal.
var encodingKeys = []string{"encoding", "encoding_extension", "encodings"}

// names maps, by kind, a later name to the present one.
type names map[string]map[string]string

// laterNames is what upstream renamed until 0.164, of what a distribution of 0.152 can carry;
// of some modules it has none newer than 0.146, whose names may be older than those of 0.152.
// The old names are deprecated aliases later.
var laterNames = names{
	receivers: {
		"apache_spark":            "apachespark",
		"file_stats":              "filestats",
		"prometheus_remote_write": "prometheusremotewrite",
		"sql_query":               "sqlquery",
		"ssh_check":               "sshcheck",
		"tcp_check":               "tcpcheck",
		"tls_check":               "tlscheck",
		"windows_perf_counters":   "windowsperfcounters",
	},
	processors: {
		"cumulative_to_delta": "cumulativetodelta",
		"delta_to_cumulative": "deltatocumulative",
		"delta_to_rate":       "deltatorate",
		"resource_detection":  detecting,
	},
	exporters: {
		"load_balancing":          "loadbalancing",
		"prometheus_remote_write": "prometheusremotewrite",
	},
	extensions: {
		"google_cloud_logentry_encoding": "googlecloudlogentry_encoding",
	},
	detectors: {
		"k8s_api": "k8snode",
	},
}
