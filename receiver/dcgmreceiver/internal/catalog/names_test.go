// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// The names that DCGM gives its fields say what they are, in which unit and of what. Here the
// table is held against them.

func TestFieldsAreWhatTheirSourceSays(t *testing.T) {
	// A rate is a power, or what the profiling module calls bytes and gives per second.
	perSecond := regexp.MustCompile(`^DCGM_FI_PROF_.*_BYTES$|_WATTS$`)
	levels := regexp.MustCompile(`_RATIO$|_UTIL$|_WATTS$|_CELSIUS$|THROUGHPUT`)
	fields := knownFields(t)
	for _, s := range rows {
		require.NotEmpty(t, s.Sources, s.Name)
		for _, src := range s.Sources {
			require.NotEmpty(t, src.Fields, s.Name)
			for _, id := range src.Fields {
				require.Contains(t, fields, id, "%s has a field that DCGM does not have", s.Name)
				require.Contains(t, []string{"INT64", "DOUBLE", unknownType}, fields[id].kind, "%s is no Number", fields[id].name)
			}
			name := fields[src.Fields[0]].name
			require.Equal(t, src.Kind == Rate, src.Kind != Level && perSecond.MatchString(name), "%s from %s", s.Name, name)
			require.False(t, src.Kind == Counter && levels.MatchString(name), "%s from %s", s.Name, name)
		}
	}
}

// TestSourcesConvertToTheUnit compares what every source makes of a sample with what the name
// of its field, its type and the unit of its metric ask for.
func TestSourcesConvertToTheUnit(t *testing.T) {
	fields := knownFields(t)
	for _, s := range rows {
		for _, src := range s.Sources {
			if len(src.Fields) > 1 || isFlag(s.Metric) {
				continue
			}
			f := fields[src.Fields[0]]
			for _, sample := range samplesOf(f) {
				got, ok := src.Value([]dcgm.Sample{sample})
				require.True(t, ok, f.name)
				want := expected(s.Unit, f.name, sample.Float())
				require.Equal(t, want, got.F, "%s from %s", s.Name, f.name) //nolint:testifylint // Conversions are exact.
				if s.Int {
					require.Equal(t, int64(want), got.I, "%s from %s", s.Name, f.name)
				}
			}
		}
	}
}

// named are the values of attributes that the names of the fields do not spell in the same
// letters. Other values must be part of the name of every field.
var named = map[string]string{
	"corrected": `_SBE_|_CORRECTABLE_`, "uncorrected": `_DBE_|_UNCORRECTABLE_`,
	"volatile": `_VOL_`, "aggregate": `_AGG_`,
	"device": `_DEV$`, "register": `_REG$`, "texture": `_TEX$`, "shared": `_SHM$`, "sram": `_SRM$`,
	"transmit": `_TX_`, "receive": `_RX_`,
	"high.degraded": `_SLOWDOWN_`, "high.critical": `_SHUTDOWN_`,
	"general": `_GR_ENGINE_UTIL_|_GPU_UTIL_`, "encoder": `_ENC_`, "decoder": `_DEC_`,
	"memory": `_MEM(ORY)?_`, "application": `_APP_`,
	"tensor": `PROF_TENSOR_`, "tensor_imma": `_IMMA_`, "tensor_hmma": `_HMMA_`, "tensor_dfma": `_DFMA_`,
	"sm_elapsed": `_SM_CYCLES_ELAPSED_`, "sm_active": `_SM_CYCLES_ACTIVE_`, "mma": `_MMA_CYCLES`,
	"low_util": `_LOW_UTIL_VIOLATION`, "app_clock": `_APP_CLOCKS_`, "base_clock": `_BASE_CLOCKS_`,
	"sync_boost": `_SYNC_BOOST_VIOLATION`, "sync_boost_event": `_REASON_SYNC_BOOST_NS`,
	"power": `_POWER_VIOLATION`, "thermal": `DEV_THERMAL_VIOLATION`,
	"sw_thermal": `_SW_THERM_`, "hw_thermal": `_HW_THERM_`,
	"current":        `_ECC_MODE$|_PCIE_LINK_`,
	"buffer_overrun": `_RX_PACKET_DROPPED_`, "rx": `_NVLINK_RX_ERROR_`, "symbol": `_SYMBOL_`, "effective": `_EFFECTIVE_`,
	"interrupt": `_C2C_LINK_ERROR_TOTAL`, "replay": `_REPLAY_(ERROR_)?TOTAL`, "replay_b2b": `_REPLAY_ERROR_B2B_`,
	"ceiling": `_CEIL_`, "override": `_ADMIN_OVERRIDE_`,
	"high": `_AVAIL_HIGH`, "low": `_AVAIL_LOW`, "gpu": `_GPU_`,
}

func TestAttributesFollowTheFieldNames(t *testing.T) {
	fields := knownFields(t)
	digits := regexp.MustCompile(`^(NVDEC|NVJPG|OFA)(\d)$`)
	for _, s := range rows {
		if isFlag(s.Metric) && s.Name != "gpu.ecc.mode" || s.Name == "gpu.c2c.links" {
			continue // one field for all values
		}
		for _, attr := range s.Attrs {
			if attr.Key == "hw.type" {
				continue
			}
			want, ok := named[attr.Value]
			if !ok {
				want = digits.ReplaceAllString(strings.ToUpper(attr.Value), `${1}_UTIL_$2`)
			}
			if attr.Key == "gpu.nvlink.fec.bin" {
				want = "_" + want + "_"
			}
			for _, src := range s.Sources {
				require.Regexp(t, want, fields[src.Fields[0]].name, "%s with %s %s", s.Name, attr.Key, attr.Value)
			}
		}
	}
}

// unknownType is the type of fields whose type the headers do not tell.
const unknownType = "?"

// field is a line of testdata/dcgm-fields.tsv: the names of DCGM 4.6.1, and its types.
type field struct{ name, kind string }

func knownFields(t *testing.T) map[dcgm.FieldID]field {
	t.Helper()
	text, err := os.ReadFile("testdata/dcgm-fields.tsv")
	require.NoError(t, err)
	fields := map[dcgm.FieldID]field{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		columns := strings.Split(line, "\t")
		id, err := strconv.ParseUint(columns[0], 10, 16)
		require.NoError(t, err)
		fields[dcgm.FieldID(id)] = field{name: columns[1], kind: columns[2]}
	}
	return fields
}

// samplesOf are samples of the types that a field may have. Doubles are ratios, and division
// of either is not multiplication by the inverse.
func samplesOf(f field) []dcgm.Sample {
	ints, floats := intSample(689), floatSample(0.173)
	switch f.kind {
	case "INT64":
		return []dcgm.Sample{ints}
	case "DOUBLE":
		return []dcgm.Sample{floats}
	default:
		return []dcgm.Sample{ints, floatSample(689)}
	}
}

// scale is what DCGM's unit is in another one: times, or where that is 0 divided by over. It
// holds for fields with such a name, of which the first counts.
type scale struct {
	name        *regexp.Regexp
	times, over float64
}

// scales are by the unit of the metric. Metrics of other units count, and take values as they are.
var scales = map[string][]scale{
	"By":   {{name: regexp.MustCompile(`_BYTES`), times: 1}, {name: regexp.MustCompile(`_(FB|BAR1)_`), times: 1 << 20}},
	"By/s": {{name: regexp.MustCompile(`_NVLINK_THROUGHPUT_TOTAL$`), times: 1024 * 1000}}, // MB/s are a thousand KiB/s
	"Hz":   {{name: regexp.MustCompile(`_HERTZ$`), times: 1}, {name: regexp.MustCompile(`_CLOCK$`), times: 1e6}},
	"J":    {{name: regexp.MustCompile(`_JOULES_|_WATTS$`), times: 1}, {name: regexp.MustCompile(`_ENERGY_`), over: 1e3}},
	"W":    {{name: regexp.MustCompile(`_WATTS$`), times: 1}},
	"W/s":  {{name: regexp.MustCompile(`_RATE$`), over: 1e3}},
	"Cel":  {{name: regexp.MustCompile(`_CELSIUS$`), times: 1}},
	"s":    {{name: regexp.MustCompile(`_VIOLATION$|_NS$`), over: 1e9}, {name: regexp.MustCompile(`_HYST_VAL$`), over: 1e3}},
	"1": {
		{name: regexp.MustCompile(`_PERCENT_`), over: 100},
		{name: regexp.MustCompile(`_GPU_UTIL_RATIO$|_(MEM_COPY|ENC|DEC)_UTIL$|_FAN_SPEED$`), over: 100}, // percent, whatever the name
		{name: regexp.MustCompile(`_RATIO$`), times: 1},
	},
}

func expected(unit, name string, v float64) float64 {
	known, scaled := scales[unit]
	if !scaled {
		return v
	}
	for _, s := range known {
		switch {
		case !s.name.MatchString(name):
		case s.over > 0:
			return v / s.over
		default:
			return v * s.times
		}
	}
	return math.NaN() // equals nothing
}
