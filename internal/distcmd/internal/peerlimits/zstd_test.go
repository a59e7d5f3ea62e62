// SPDX-License-Identifier: Apache-2.0

package peerlimits

import (
	"bytes"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

func TestWindowsOfMoreThan8MiBAreRefused(t *testing.T) {
	for exponent, want := range map[byte]error{13: nil, 14: zstd.ErrWindowSizeExceeded} { // 2^(10+exponent) bytes
		frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, 1, 0, 0} // magic, no sizes, the window, an empty last block
		decoder := newDecoder().(*zstd.Decoder)
		require.NoError(t, decoder.Reset(bytes.NewReader(frame)))
		_, err := io.ReadAll(decoder)
		require.ErrorIs(t, err, want)
		decoder.Close()
	}
}
