// SPDX-License-Identifier: Apache-2.0

package catalog

import "sort"

// Metric is what metadata.yaml says of a metric.
type Metric struct {
	Index                   int // place among all metrics
	Name, Description, Unit string
	// Attributes are the keys of a point's attributes, in their order, without those of the entity.
	Attributes []string
	OfEntity   bool // points carry the attributes of an entity
	OfInstance bool // points about MIG instances carry those of an instance besides
	Sum        bool // else a gauge
	Monotonic  bool
	Int        bool // values are integers, else doubles
}

// Attr is an attribute of a point.
type Attr struct{ Key, Value string }

// With returns attributes of a point of the metric, whose values come in the order of its keys.
func (m *Metric) With(values ...string) []Attr {
	attrs := make([]Attr, len(values))
	for i, value := range values {
		attrs[i] = Attr{m.Attributes[i], value}
	}
	return attrs
}

// Count is how many metrics there are.
const Count = len(metrics)

// Metrics returns all metrics in the order of their names, which is that of their indices.
func Metrics() []Metric { return metrics[:] }

// Find returns a metric by its name, nil if there is none.
func Find(name string) *Metric {
	i := sort.Search(Count, func(i int) bool { return metrics[i].Name >= name })
	if i == Count || metrics[i].Name != name {
		return nil
	}
	return &metrics[i]
}

// Named is Find for a name that is in the code.
func Named(name string) *Metric {
	if m := Find(name); m != nil {
		return m
	}
	panic("metadata.yaml has no metric " + name)
}

// States are the values of an attribute in the order of metadata.yaml, nil where it is free.
func States(key string) []string { return enums[key] }
