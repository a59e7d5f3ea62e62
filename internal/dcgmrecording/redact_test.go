// SPDX-License-Identifier: Apache-2.0

package dcgmrecording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	uuidA, uuidB = "b4d0e1f2-0000-4a6b-9c2d-6d4faa810000", "B4D0E1F2-0001-4A6B-9C2D-6D4FAA810001"
	none         = "00000000-0000-0000-0000-000000000000"
)

// fieldLine is a text value as recordings have it.
func fieldLine(field int, value string) string {
	encoded, err := json.Marshal(map[string]any{"kind": "value", "field": field, "type": "string", "value": value})
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func redactedValue(t *testing.T, r *Redactor, line string) string {
	t.Helper()
	var object struct{ Value, Error string }
	require.NoError(t, json.Unmarshal(r.Line([]byte(line)), &object))
	return object.Value + object.Error
}

func TestWhatIdentifiesIsReplacedInItsForm(t *testing.T) {
	r := NewRedactor()
	for _, row := range []struct{ line, want string }{
		{fieldLine(54, "GPU-"+uuidA), "GPU-00000000-0000-4000-8000-000000000001"},
		{fieldLine(54, "MIG-"+uuidB), "MIG-00000000-0000-4000-8000-000000000002"},
		{fieldLine(68, "MIG-GPU-"+uuidA+"/1/0"), "MIG-GPU-00000000-0000-4000-8000-000000000001/1/0"},
		{fieldLine(172, none), none},
		{fieldLine(57, "00000000:17:00.0"), "00000000:01:00.0"},
		{fieldLine(57, "0000:17:00.0"), "0000:01:00.0"},
		{fieldLine(57, "00000008:2A:00.0"), "00000000:02:00.0"},
		{fieldLine(53, "1650123000000"), "0000000000001"},
		{fieldLine(53, "1650123000001"), "0000000000002"},
		{fieldLine(53, "<<<NOT_SUPPORTED>>>"), "<<<NOT_SUPPORTED>>>"},
		{fieldLine(53, ""), ""},
		{fieldLine(1142, "0x000000017820b1c8050000000e000000"), "0x00000000000000000000000000000003"},
		{`{"kind":"cpu","entity_id":1,"serial":"0x000000017820b1c8050000000e000000","value":"0x000000017820b1c8050000000e000000"}`, "0x00000000000000000000000000000003"},
		{`{"kind":"cpu","entity_id":1,"error":"","serial":"A-17"}`, ""},
		{`{"kind":"value","field":867,"type":"int64","value":"23"}`, "1"},
		{`{"kind":"value","field":867,"type":"int64","value":"9223372036854775792"}`, "9223372036854775792"},
		{`{"kind":"value","field":867,"type":"int64","value":"2147483632"}`, "2147483632"},
		{`{"kind":"call","error":"connecting to tcp://gpu-7.example.com:5555: 10.1.2.3:5555 refused"}`, "connecting to tcp://host-1:5555: 192.0.2.1:5555 refused"},
		{`{"kind":"call","error":"fe80::1234:5 and 0a:1b:2c:3d:4e:5f, GPU-` + uuidA + `"}`, "2001:db8::2 and 02:00:00:00:00:01, GPU-00000000-0000-4000-8000-000000000001"},
	} {
		require.Equal(t, row.want, redactedValue(t, r, row.line), row.line)
	}
}

func TestWhatIdentifiesNothingStays(t *testing.T) {
	r := NewRedactor()
	for _, line := range []string{
		fieldLine(1, "580.65.06"), fieldLine(2, "13.580.65.06"), fieldLine(2, "12.4.131.1"), fieldLine(85, "96.00.89.00.01"), fieldLine(82, "G520.0200.00.05"), fieldLine(50, "NVIDIA H100 80GB HBM3"),
		`{"field":156,"kind":"value","status":0,"t":1.000001,"ts_us":"1795979161998630","type":"int64","value":"9007199254740993"}`,
		`{"field":155,"kind":"value","status":0,"type":"double","value":412.25}`,
		`{"entity_group":"GPU","ids":[0,1,2],"kind":"entities","t":0.5}`,
		`{"call":"WatchFields [53 54]","error":"error watching fields: No permission","kind":"call"}`,
		`{"kind":"engine","start_us":"1795979161998630","version":"version:4.6.0;buildplatform:Linux"}`,
	} {
		require.JSONEq(t, line, string(r.Line([]byte(line))))
	}
}

func other(n int) string { return fmt.Sprintf("c4d0e1f2-0000-4a6b-9c2d-%012x", n) }

func TestPseudonymsAreTheSameAgain(t *testing.T) {
	text := fieldLine(54, "GPU-"+uuidB) + "\n" + fieldLine(54, "GPU-"+uuidA) + "\n" + fieldLine(54, "GPU-"+strings.ToLower(uuidB)) + "\n" +
		`{"d":"` + other(4) + `","c":"` + other(3) + `","b":"` + other(2) + `","a":"` + other(1) + `"}` + "\n"
	var first, second bytes.Buffer
	require.NoError(t, NewRedactor().Copy(&first, strings.NewReader(text)))
	require.NoError(t, NewRedactor().Copy(&second, strings.NewReader(text)))
	require.Equal(t, first.String(), second.String())
	lines := strings.Split(first.String(), "\n")
	require.Equal(t, lines[0], lines[2])
	for i, key := range []string{"a", "b", "c", "d"} {
		require.Contains(t, lines[3], fmt.Sprintf(`"%s":"00000000-0000-4000-8000-%012x"`, key, 3+i), "in the order of keys")
	}
	require.NotEqual(t, lines[0], lines[1])
}

func TestManyAddressesStayApart(t *testing.T) {
	r, seen := NewRedactor(), map[string]bool{}
	for n := range 1000 {
		seen[redactedValue(t, r, fieldLine(57, fmt.Sprintf("%08x:%02x:00.0", n>>8, n&0xff)))] = true
	}
	require.Len(t, seen, 1000)
}

func TestRedactorForgetsNothingAndStaysBounded(t *testing.T) {
	r := NewRedactor()
	first := redactedValue(t, r, fieldLine(53, "0"))
	for n := range maxNames + 10 {
		r.number("serial", strconv.Itoa(n))
	}
	require.LessOrEqual(t, len(r.numbers), maxNames+1)
	require.Equal(t, first, redactedValue(t, r, fieldLine(53, "0")))
	require.Equal(t, "0000000000000", redactedValue(t, r, fieldLine(53, "1650123999999")), "more than are distinguished")
}

func TestLinesThatAreNoneAreLeftOut(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, NewRedactor().Copy(&out, strings.NewReader("[]\n"+`{"a":1}`+"\n\nGPU-"+uuidA+"\n"+`{"kind":"val`)))
	require.Equal(t, `{"a":1}`+"\n", out.String())
}
