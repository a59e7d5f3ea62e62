// SPDX-License-Identifier: Apache-2.0

package itemlines

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pprofile"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// dictionary resolves the references of profiles. They come from the network, so an index may point nowhere: what it should have brought
// is then absent.
type dictionary struct {
	pprofile.ProfilesDictionary
}

func at[T any, L jsontext.List[T]](table L, index int32) (entry T, found bool) {
	if index < 0 || int(index) >= table.Len() {
		return entry, false
	}
	return table.At(int(index)), true
}

func (d dictionary) text(index int32) string {
	s, _ := at(d.StringTable(), index)
	return s
}

func (d dictionary) attributesField(b []byte, indices pcommon.Int32Slice) []byte {
	if indices.Len() == 0 {
		return b
	}
	b = append(jsontext.Key(b, `"attributes":`), '{')
	for i := range indices.Len() {
		kv, found := at(d.AttributeTable(), indices.At(i))
		if !found {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = appendValue(append(jsontext.String(b, d.text(kv.KeyStrindex())), ':'), kv.Value())
	}
	return append(b, '}')
}

// stackField appends the frames of a stack, innermost first, as strings.
func (d dictionary) stackField(b []byte, index int32) []byte {
	stack, found := at(d.StackTable(), index)
	if !found || stack.LocationIndices().Len() == 0 {
		return b
	}
	b = append(jsontext.Key(b, `"stack":`), '[')
	for i := range stack.LocationIndices().Len() {
		if location, found := at(d.LocationTable(), stack.LocationIndices().At(i)); found {
			b = d.appendFrames(b, location)
		}
	}
	return append(b, ']')
}

// appendFrames appends one frame per inlined function, or the address when the location has no symbols.
func (d dictionary) appendFrames(b []byte, location pprofile.Location) []byte {
	if location.Lines().Len() == 0 {
		b = append(separate(b), `"0x`...)
		return append(strconv.AppendUint(b, location.Address(), 16), '"')
	}
	for _, line := range location.Lines().All() {
		b = d.appendFrame(separate(b), line)
	}
	return b
}

// appendFrame appends function, file and line number as "name file:line".
func (d dictionary) appendFrame(b []byte, line pprofile.Line) []byte {
	var name, file string
	if function, found := at(d.FunctionTable(), line.FunctionIndex()); found {
		name, file = d.text(function.NameStrindex()), d.text(function.FilenameStrindex())
	}
	b = jsontext.String(b, name)
	if file == "" {
		return b
	}
	b[len(b)-1] = ' '
	quote := len(b)
	b = jsontext.String(b, file)
	b = append(b[:quote], b[quote+1:len(b)-1]...)
	if line.Line() != 0 {
		b = strconv.AppendInt(append(b, ':'), line.Line(), 10)
	}
	return append(b, '"')
}

func separate(b []byte) []byte {
	if b[len(b)-1] != '[' {
		b = append(b, ',')
	}
	return b
}
