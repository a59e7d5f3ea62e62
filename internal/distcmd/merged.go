// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"slices"

	"go.uber.org/zap"
)

// resourced is the configuration of a receiver that may have on the resource alone which device a series is of.
type resourced interface {
	GPUIsOnResource() bool
}

var conversionPath = []string{"resource_to_telemetry_conversion", "enabled"}

// warnMerged warns of exporters that leave out the resource of series which it alone tells apart. On a host with one GPU nothing is lost, and a transform
// processor can copy the resource to the points.
func (m misfits) warnMerged(config map[string]any, flows []flow) {
	for _, f := range flows {
		from := slices.IndexFunc(f.sources, func(s source) bool {
			r, is := s.parsed.(resourced)
			return is && r.GPUIsOnResource()
		})
		if from < 0 || slices.ContainsFunc(f.processors, func(id string) bool { return typeOf(id) == "transform" }) {
			continue
		}
		for _, id := range f.pages {
			if at(config, append([]string{"exporters", id}, conversionPath...)...) != true {
				m.logger.Warn(
					"all GPUs of a host become one series: their resource says which GPU it is, and this exporter leaves it out unless resource_to_telemetry_conversion::enabled is true",
					zap.String("exporter", id), zap.String("receiver", f.sources[from].id), zap.String("pipeline", f.name),
				)
			}
		}
	}
}
