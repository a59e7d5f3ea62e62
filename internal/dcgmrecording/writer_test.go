// SPDX-License-Identifier: Apache-2.0

package dcgmrecording

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWriterKeepsItsLimitAndLinesTogether(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, 30, nil)
	require.NoError(t, w.Write(map[string]int{"a": 1}, map[string]int{"b": 2}))
	require.ErrorIs(t, w.Write(map[string]int{"c": 3}, map[string]int{"d": 4}), ErrFull)
	require.ErrorIs(t, w.Write(map[string]int{"e": 5}), ErrFull, "what came after would be seen without what is missing")
	require.Equal(t, "{\"a\":1}\n{\"b\":2}\n", out.String())
}

func TestWriterRedacts(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, NewWriter(&out, 1000, NewRedactor()).Write(map[string]string{"value": "GPU-" + uuidA}))
	require.JSONEq(t, `{"value":"GPU-00000000-0000-4000-8000-000000000001"}`, out.String())
}

// broken fails after the first write.
type broken struct{ writes int }

func (b *broken) Write(p []byte) (int, error) {
	b.writes++
	if b.writes > 1 {
		return 0, errors.New("disk is full")
	}
	return len(p), nil
}

func TestWriterStopsAtTheFirstError(t *testing.T) {
	to := &broken{}
	w := NewWriter(to, 1000, nil)
	require.NoError(t, w.Write(1))
	require.EqualError(t, w.Write(2), "disk is full")
	require.EqualError(t, w.Write(3), "disk is full")
	require.Equal(t, 2, to.writes)
	require.ErrorContains(t, NewWriter(to, 1000, nil).Write(func() {}), "encode a line")
}
