// SPDX-License-Identifier: Apache-2.0

package dcgmrecording

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrFull is returned for lines that do not fit into the limit of a recording.
var ErrFull = errors.New("recording is as large as it may be")

// Writer writes lines within a limit. It is not safe for concurrent use.
type Writer struct {
	to       io.Writer
	room     int64
	redactor *Redactor
	failed   error
}

// NewWriter returns a Writer of at most so many bytes. With a redactor, what identifies hardware is replaced.
func NewWriter(to io.Writer, limit int64, redactor *Redactor) *Writer {
	return &Writer{to: to, room: limit, redactor: redactor}
}

// Write writes lines that belong together, all or none of them. After an error it writes nothing more, and returns that error.
func (w *Writer) Write(lines ...any) error {
	if w.failed == nil {
		w.failed = w.write(lines)
	}
	return w.failed
}

func (w *Writer) write(lines []any) error {
	var text bytes.Buffer
	for _, line := range lines {
		encoded, err := json.Marshal(line)
		if err != nil {
			return fmt.Errorf("encode a line: %w", err)
		}
		if w.redactor != nil {
			encoded = w.redactor.Line(encoded)
		}
		text.Write(encoded)
		text.WriteByte('\n')
	}
	if int64(text.Len()) > w.room {
		return ErrFull
	}
	w.room -= int64(text.Len())
	_, err := w.to.Write(text.Bytes())
	return err
}
