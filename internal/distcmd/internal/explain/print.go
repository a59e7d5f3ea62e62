// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/redact"
)

// Formats are the formats an explanation can have.
var Formats = []string{"yaml", "json"}

// Format returns the explanation in one of [Formats].
func (e *Explanation) Format(format string) ([]byte, error) {
	if format == "json" {
		return e.JSON()
	}
	return e.YAML(), nil
}

// JSON returns an array of all leaves, then all notes.
func (e *Explanation) JSON() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(append(append([]Leaf{}, e.Leaves...), e.Notes...))
	return out.Bytes(), err
}

// widest is how far comments move to the right to stand in one column.
const widest = 72

// YAML returns a line per leaf, in blocks of a component each: the value, and as a comment
// where it comes from.
func (e *Explanation) YAML() []byte {
	var out bytes.Buffer
	for start := 0; start < len(e.Leaves); {
		end := start
		for end < len(e.Leaves) && block(e.Leaves[end].Key) == block(e.Leaves[start].Key) {
			end++
		}
		if start > 0 {
			out.WriteByte('\n')
		}
		writeBlock(&out, e.Leaves[start:end])
		start = end
	}
	if len(e.Notes) > 0 {
		out.WriteString("\n# notes\n")
	}
	for _, note := range e.Notes {
		out.WriteString("# " + noteText(note) + "\n")
	}
	return out.Bytes()
}

// block returns the section and component that a key belongs to.
func block(key string) string {
	parts := strings.SplitN(key, "::", 3)
	return strings.Join(parts[:min(2, len(parts))], "::")
}

func writeBlock(out *bytes.Buffer, leaves []Leaf) {
	settings, width := make([]string, len(leaves)), 0
	for i, leaf := range leaves {
		settings[i] = leaf.Key + ": " + scalar(leaf.Value)
		if n := utf8.RuneCountInString(settings[i]); n <= widest {
			width = max(width, n)
		}
	}
	for i, leaf := range leaves {
		fmt.Fprintf(out, "%-*s  # %s\n", width, settings[i], comment(leaf))
	}
}

// scalar returns a value as YAML on one line.
func scalar(value any) string {
	text, err := yaml.Marshal(value)
	if one := strings.TrimSuffix(string(text), "\n"); err == nil && !strings.Contains(one, "\n") {
		return one
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(value))
	}
	return strings.TrimSpace(out.String())
}

// comment says where a value comes from, and how it is written if that is not how it is shown.
func comment(l Leaf) string {
	text := l.Origin
	if l.Source != "" {
		text += ", " + place(l)
	}
	if l.Text != "" && l.Text != fmt.Sprint(l.Value) {
		text += ", " + oneLine(l.Text)
	}
	return text
}

func place(l Leaf) string {
	if l.Line == 0 {
		return oneLine(l.Source)
	}
	return fmt.Sprintf("%s:%d", oneLine(l.Source), l.Line)
}

func noteText(note Leaf) string {
	var parts []string
	if note.Key != "" {
		parts = append(parts, oneLine(note.Key))
	}
	if note.Source != "" {
		parts = append(parts, strings.TrimSuffix(place(note)+", "+written(note), ", "))
	}
	return strings.Join(append(parts, oneLine(note.Note)), ": ")
}

// written returns the text of a note unless it says nothing.
func written(note Leaf) string {
	if note.Text == redact.Mask {
		return ""
	}
	return oneLine(note.Text)
}

// oneLine keeps a comment a comment.
func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
