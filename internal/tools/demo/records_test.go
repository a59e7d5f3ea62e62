// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogRecordsHaveTheAttributesOfTheirResource(t *testing.T) {
	found, err := decode(strings.NewReader(`{"resourceLogs": [{"resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "n"}}]},
		"scopeLogs": [{"logRecords": [{"severityText": "FATAL", "eventName": "gpu.xid", "attributes": [
			{"key": "gpu.xid.code", "value": {"intValue": "79"}}, {"key": "gpu.xid.replayed", "value": {"boolValue": true}}, {"key": "x", "value": {"doubleValue": 1}}]}]}]}]}`))
	require.NoError(t, err)
	require.Equal(t, []record{{"FATAL", "gpu.xid", map[string]string{"host.name": "n", "gpu.xid.code": "79", "gpu.xid.replayed": "true", "x": ""}}}, found)
	require.Equal(t, "fatal gpu.xid n 79", found[0].String())
	_, err = decode(strings.NewReader("no JSON"))
	require.Error(t, err)
}

func TestTheBackendRemembersTheNewestRecords(t *testing.T) {
	var r records
	for range 3 {
		r.add(make([]record, mostRecords/2))
	}
	r.add([]record{{Event: "last"}})
	response := httptest.NewRecorder()
	r.ServeHTTP(response, nil)
	var got []record
	require.NoError(t, json.NewDecoder(response.Body).Decode(&got))
	require.Len(t, got, mostRecords)
	require.Equal(t, "last", got[mostRecords-1].Event)
}
