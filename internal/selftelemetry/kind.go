// SPDX-License-Identifier: Apache-2.0

package selftelemetry

import (
	"context"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Kind says what failed. The set is small on purpose: it is an attribute of a counter and
// a row of the runbook's triage table, never an error text.
type Kind string

// The canonical kinds. A receiver may pass a documented few of its own to [NewReceiver].
const (
	KindCardinality Kind = "cardinality" // a limit on series or attributes was exceeded
	KindConnect     Kind = "connect"     // the source could not be reached
	KindDownstream  Kind = "downstream"  // the next component, or the output, refused the data
	KindEnumerate   Kind = "enumerate"   // the things to read could not be listed
	KindInit        Kind = "init"        // the component could not be set up
	KindPanic       Kind = "panic"       // a recovered panic
	KindParse       Kind = "parse"       // what was read could not be understood
	KindRead        Kind = "read"        // one read of the source failed
)

// CanonicalKinds returns the kinds every component may report, sorted.
func CanonicalKinds() []Kind {
	return []Kind{KindCardinality, KindConnect, KindDownstream, KindEnumerate, KindInit, KindPanic, KindParse, KindRead}
}

// kindCounter counts by Kind beside fixed attributes. The options of every declared kind
// are built once, so that counting neither locks nor allocates here.
type kindCounter struct {
	counter metric.Int64Counter
	fixed   []attribute.KeyValue
	options map[Kind][]metric.AddOption
}

func newKindCounter(counter metric.Int64Counter, extra []Kind, fixed ...attribute.KeyValue) *kindCounter {
	c := &kindCounter{counter: counter, fixed: fixed, options: map[Kind][]metric.AddOption{}}
	for _, kind := range append(CanonicalKinds(), extra...) {
		c.options[kind] = c.optionsFor(kind)
	}
	return c
}

func (c *kindCounter) optionsFor(kind Kind) []metric.AddOption {
	return addOptions(append(slices.Clone(c.fixed), attribute.String("kind", string(kind)))...)
}

func (c *kindCounter) inc(kind Kind) {
	options, declared := c.options[kind]
	if !declared {
		options = c.optionsFor(kind)
	}
	c.counter.Add(context.Background(), 1, options...)
}

func addOptions(attrs ...attribute.KeyValue) []metric.AddOption {
	return []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attrs...))}
}

func componentID(id component.ID) attribute.KeyValue {
	return attribute.String("component_id", id.String())
}
