// SPDX-License-Identifier: Apache-2.0

// Package catalog says what can be emitted: the metrics of metadata.yaml, and the rows that make their points of
// DCGM's fields. A row is the one place that says which metric a series belongs to, of which kinds of entities,
// which fields it needs, how they become a value and which values can be.
package catalog
