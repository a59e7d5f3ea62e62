// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

// derived is a metric that the processor adds. A test compares it with metadata.yaml.
type derived struct {
	name, description, unit string
	sum, monotonic          bool
}

var derivedMetrics = func() map[string]*derived {
	all := []derived{
		{name: "gpu.allocation", unit: "1", sum: true, description: "1 for each holder of each GPU. It carries the attributes of the holder, too."},
		{name: "gpu.allocation.state", unit: "1", sum: true, description: "1 for whether somebody holds the GPU, else 0."},
		{name: "gpu.allocation.time", unit: "s", sum: true, monotonic: true, description: "GPU-seconds since the holder got the GPU, its shares among the shares held. It carries the attributes of the holder, too."},
		{name: "gpu.idle.time", unit: "s", sum: true, monotonic: true, description: "GPU-seconds that the holder had the GPU while its utilization had been at most `idle::utilization` for at least `idle::after`. It carries the attributes of the holder, too."},
		{name: "gpu.stalled", unit: "1", description: "1 while the utilization of an allocated GPU is at least `stalled::utilization` and its power at most `stalled::power` of its limit, for at least `stalled::after`; else 0. A collective that hangs looks so."},
	}
	byName := map[string]*derived{}
	for i := range all {
		byName[all[i].name] = &all[i]
	}
	return byName
}()
