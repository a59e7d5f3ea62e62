// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"reflect"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

var queueType = reflect.TypeFor[exporterhelper.QueueBatchConfig]()

// hasPersistentQueue says whether the settings of an exporter hold a sending queue with a
// storage. Its key and its depth are the exporter's choice: loadbalancing has a second one, in
// what it makes its own exporters of.
func hasPersistentQueue(cfg component.Config) bool {
	return holdsStorage(reflect.ValueOf(cfg), map[uintptr]bool{})
}

// holdsStorage looks into unexported fields too, as an optional section keeps its value in one. A
// section that is disabled there has no value.
func holdsStorage(v reflect.Value, seen map[uintptr]bool) bool {
	switch v.Kind() { //nolint:exhaustive // nothing else holds other values
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return false
		}
		seen[v.Pointer()] = true
		return holdsStorage(v.Elem(), seen)
	case reflect.Interface:
		return holdsStorage(v.Elem(), seen)
	case reflect.Struct:
		return structHoldsStorage(v, seen)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if holdsStorage(v.Index(i), seen) {
				return true
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if holdsStorage(entries.Value(), seen) {
				return true
			}
		}
	}
	return false
}

func structHoldsStorage(v reflect.Value, seen map[uintptr]bool) bool {
	if v.Type() == queueType {
		return !v.FieldByName("StorageID").IsNil()
	}
	for _, field := range v.Fields() {
		if holdsStorage(field, seen) {
			return true
		}
	}
	return false
}
