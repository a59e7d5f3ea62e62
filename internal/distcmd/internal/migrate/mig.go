// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"iter"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

// With MIG, dcgm-exporter has the GPU instances in the place of their GPU, with the GPU's UUID, and gives each what is the GPU's alone. The dcgm receiver has
// the GPU, its GPU instances and their compute instances, each with a UUID of its own, and what is the GPU's once.

// ofInstance are dcgm-exporter's labels of instances.
var ofInstance = []string{"GPU_I_ID", "GPU_I_PROFILE"}

var noInstance = dcgmnames.Attribute{Key: "gpu_mig_ci"}

const (
	ofLevels = `with MIG, there are series of GPUs and of their instances: gpu_mig_gi="" selects GPUs, and gpu_mig_gi!="",gpu_mig_ci="" the instances that dcgm-exporter has in their place`
	ofGPUs   = "with MIG, dcgm-exporter repeats what is the GPU's for each instance, and the receiver has it once"
	ofWhom   = "with MIG, hw_id is the UUID of the instance, and hw_parent that of its GPU"
)

func (r rename) hasInstances() bool { return slices.Contains(r.entities, "gi") }

// isGPUs reports whether GPUs alone have a metric.
func (r rename) isGPUs() bool { return slices.Equal(r.entities, []string{"gpu"}) }

// instances has a selector select what it did with MIG, or says what it selects.
func (x *expression) instances(s *parser.VectorSelector, path []parser.Node, r rename) rename {
	asked := slices.IndexFunc(s.LabelMatchers, func(m *labels.Matcher) bool { return slices.Contains(ofInstance, m.Name) && !m.Matches("") })
	switch {
	case asked >= 0 && r.isGPUs():
		x.fail(errOfGPUs(s.LabelMatchers[asked].Name, r.name))
	case asked >= 0 && slices.Contains(r.entities, "ci"):
		r.matchers = append(r.matchers, noInstance)
	case asked < 0 && r.hasInstances() && !x.labelsOnly:
		x.note(ofLevels)
	case r.isGPUs() && !isBlank(r) && slices.ContainsFunc(path, weighs):
		x.note(ofGPUs)
	}
	if r.hasInstances() && slices.ContainsFunc(s.LabelMatchers, func(m *labels.Matcher) bool { return isUUID(m.Name) }) {
		x.note(ofWhom)
	}
	return r
}

// ofInstances reports a label of instances where it is read from metrics of GPUs, and says whose UUID is read.
func (x *expression) ofInstances(label string, selectors iter.Seq[*parser.VectorSelector]) error {
	for s := range selectors {
		switch r := x.renames[s]; {
		case isUUID(label) && r.hasInstances():
			x.note(ofWhom)
		case slices.Contains(ofInstance, label) && r.isGPUs():
			return errOfGPUs(label, r.name)
		}
	}
	return nil
}

// selectorsOf are the selectors under a node.
func selectorsOf(node parser.Node) iter.Seq[*parser.VectorSelector] {
	return func(yield func(*parser.VectorSelector) bool) {
		more := true
		parser.Inspect(node, func(n parser.Node, _ []parser.Node) error {
			if s, is := n.(*parser.VectorSelector); is && more {
				more = yield(s)
			}
			return nil
		})
	}
}

func errOfGPUs(label, name string) error {
	return fmt.Errorf("label %s is that of an instance, and %s is of the GPU alone", label, name)
}

func isUUID(label string) bool { return label == "UUID" || label == "uuid" }

// isBlank reports whether a metric is of a field that DCGM does not have of a GPU with MIG: utilization by time.
func isBlank(r rename) bool { return r.field >= 203 && r.field <= 207 }

// weighs reports whether an aggregate has another result where a value is there several times.
func weighs(node parser.Node) bool {
	n, is := node.(*parser.AggregateExpr)
	return is && slices.Contains([]parser.ItemType{parser.SUM, parser.COUNT, parser.AVG, parser.STDDEV, parser.STDVAR, parser.QUANTILE, parser.COUNT_VALUES}, n.Op)
}
