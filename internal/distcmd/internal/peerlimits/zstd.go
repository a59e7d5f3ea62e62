// SPDX-License-Identifier: Apache-2.0

package peerlimits

import (
	"errors"
	"io"
	"sync"
	_ "unsafe" // for linkname

	"github.com/klauspost/compress/zstd"
	_ "go.opentelemetry.io/collector/config/configgrpc" // registers the compressor that is wrapped
	_ "go.opentelemetry.io/collector/config/confighttp" // has the pool
	"google.golang.org/grpc/encoding"
)

// maxWindow is the largest window that RFC 9659 lets senders of a request ask for.
const maxWindow = 8 << 20

// httpDecoders is where confighttp looks for a decoder before it makes one without a limit, and
// offers no other way to set one. A release of upstream that drops the pool does not link.
//
//go:linkname httpDecoders go.opentelemetry.io/collector/config/confighttp.zstdReaderPool
var httpDecoders sync.Pool

func newDecoder() any {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		panic(err) // the options are constants
	}
	return decoder
}

// boundZstd gives every HTTP server decoders with a limit, and every gRPC server and client too.
func boundZstd() {
	httpDecoders.New = newDecoder
	if _, bounded := encoding.GetCompressor("zstd").(*compressor); !bounded {
		encoding.RegisterCompressor(&compressor{Compressor: encoding.GetCompressor("zstd"), decoders: sync.Pool{New: newDecoder}})
	}
}

// compressor compresses as upstream's does.
type compressor struct {
	encoding.Compressor

	decoders sync.Pool
}

// Decompress implements [encoding.Compressor].
func (c *compressor) Decompress(source io.Reader) (io.Reader, error) {
	decoder := c.decoders.Get().(*zstd.Decoder)
	if err := decoder.Reset(source); err != nil {
		return nil, err
	}
	return &pooledReader{decoder, &c.decoders}, nil
}

// pooledReader gives its decoder back at the end of the stream, or leaves it to the garbage
// collector.
type pooledReader struct {
	decoder *zstd.Decoder
	pool    *sync.Pool
}

// Read implements [io.Reader].
func (r *pooledReader) Read(p []byte) (int, error) {
	if r.decoder == nil {
		return 0, io.EOF
	}
	n, err := r.decoder.Read(p)
	if errors.Is(err, io.EOF) && r.decoder.Reset(nil) == nil {
		r.pool.Put(r.decoder)
		r.decoder = nil
	}
	return n, err
}
