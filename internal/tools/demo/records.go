// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A record is a log record that the backend took: what its resource and itself have as attributes, as texts.
type record struct {
	Severity   string            `json:"severity"`
	Event      string            `json:"event"`
	Attributes map[string]string `json:"attributes"`
}

// records are the newest log records.
type records struct {
	mu  sync.Mutex
	all []record
}

const mostRecords = 1000

func (r *records) add(more []record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, more...)
	r.all = slices.Clone(r.all[max(0, len(r.all)-mostRecords):])
}

// ServeHTTP gives them as JSON.
func (r *records) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = json.NewEncoder(w).Encode(r.all) // A client that goes away is its own problem.
}

// attribute is one of OTLP JSON: whole numbers are texts.
type attribute struct {
	Key   string
	Value struct {
		StringValue, IntValue string
		BoolValue             bool
	}
}

func (a attribute) text() string {
	if a.Value.BoolValue {
		return "true"
	}
	return a.Value.StringValue + a.Value.IntValue
}

// decode reads the log records of an OTLP request in JSON.
func decode(body io.Reader) ([]record, error) {
	var request struct {
		ResourceLogs []struct {
			Resource  struct{ Attributes []attribute }
			ScopeLogs []struct {
				LogRecords []struct {
					SeverityText, EventName string
					Attributes              []attribute
				}
			}
		}
	}
	if err := json.NewDecoder(body).Decode(&request); err != nil {
		return nil, err
	}
	var found []record
	for _, resource := range request.ResourceLogs {
		for _, scope := range resource.ScopeLogs {
			for _, r := range scope.LogRecords {
				attributes := map[string]string{}
				for _, a := range slices.Concat(resource.Resource.Attributes, r.Attributes) {
					attributes[a.Key] = a.text()
				}
				found = append(found, record{r.SeverityText, r.EventName, attributes})
			}
		}
	}
	return found, nil
}

// told are the attributes of a record that the tour prints, in this order.
var told = []string{"host.name", "hw.name", "gpu.pci.bus_id", "gpu.xid.code", "gpu.xid.mnemonic", "gpu.xid.action", "gpu.state", "hw.state", "hw.state.reason", "gpu.recovery.action", "gpu.memory.remap.state", "gpu.throttle.reason"}

func (r record) String() string {
	words := []string{strings.ToLower(r.Severity), r.Event}
	for _, key := range told {
		if value := r.Attributes[key]; value != "" {
			words = append(words, value)
		}
	}
	return strings.Join(words, " ")
}
