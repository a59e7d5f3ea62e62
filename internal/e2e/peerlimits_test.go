// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/protobuf/encoding/protowire"
)

const otlpToNowhere = `
receivers: {otlp: {protocols: {grpc: {endpoint: "%s", max_recv_msg_size_mib: 64}, http: {endpoint: "%s"}}}}
exporters: {nop: }
extensions: {health_slo: {http: {endpoint: "%s"}}}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo]
  pipelines: {logs: {receivers: [otlp], exporters: [nop]}}
`

// nested is an OTLP request whose body is a value in arrays, this many levels deep.
func nested(levels int) []byte {
	const tagOfArray, tagOfElement = 0x2a, 0x0a
	var reversed []byte
	length := func(n int) {
		varint := protowire.AppendVarint(nil, uint64(n))
		for i := range varint {
			reversed = append(reversed, varint[len(varint)-1-i])
		}
	}
	for range levels {
		length(len(reversed))
		reversed = append(reversed, tagOfElement)
		length(len(reversed))
		reversed = append(reversed, tagOfArray)
	}
	for _, tag := range []byte{tagOfArray, 0x12, 0x12, tagOfElement} { // body, log record, scope, resource
		length(len(reversed))
		reversed = append(reversed, tag)
	}
	request := make([]byte, len(reversed))
	for i, b := range reversed {
		request[len(reversed)-1-i] = b
	}
	return request
}

// windowed is an OTLP request as a zstd frame that asks for a window of 1 MiB << exponent.
func windowed(t *testing.T, exponent int) []byte {
	t.Helper()
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("body")
	content, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	require.NoError(t, err)
	frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, byte(10+exponent) << 3} // magic, no options, window
	return append(append(frame, byte(len(content))<<3|1, byte(len(content)>>5), 0), content...)
}

// ready is a compressor for messages that are zstd frames already.
type ready struct{}

func (ready) Name() string                                 { return "zstd" }
func (ready) Compress(w io.Writer) (io.WriteCloser, error) { return noClose{w}, nil }
func (ready) Decompress(r io.Reader) (io.Reader, error)    { return r, nil }

// encoded is a codec for messages that are encoded already.
type encoded struct{}

func (encoded) Name() string                  { return "proto" }
func (encoded) Marshal(v any) ([]byte, error) { return v.([]byte), nil }
func (encoded) Unmarshal(content []byte, v any) error {
	*v.(*[]byte) = bytes.Clone(content)
	return nil
}

type noClose struct{ io.Writer }

func (noClose) Close() error { return nil }

// An OTLP peer needs no password. Without limits, the deepest of these requests end the process.
func TestOTLPRequestsAreBounded(t *testing.T) {
	encoding.RegisterCompressor(ready{})
	grpcAt, httpAt, health := freeAddress(t), freeAddress(t), freeAddress(t)
	c := start(t, "--config", configFile(t, otlpToNowhere, grpcAt, httpAt, health))
	waitStatus(t, health, "/readyz", 200)
	connection, err := grpc.NewClient(grpcAt, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { require.NoError(t, connection.Close()) }()

	post := func(content []byte, kind, compression string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+httpAt+"/v1/logs", bytes.NewReader(content))
		require.NoError(t, err)
		request.Header.Set("Content-Type", kind)
		request.Header.Set("Content-Encoding", compression)
		response, err := (&http.Client{Timeout: time.Minute}).Do(request)
		require.NoError(t, err)
		answer, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode, string(answer)
	}
	call := func(content []byte, options ...grpc.CallOption) error {
		var answer []byte
		options = append(options, grpc.ForceCodec(encoded{}))
		return connection.Invoke(t.Context(), "/opentelemetry.proto.collector.logs.v1.LogsService/Export", content, &answer, options...)
	}
	const protobuf, tooDeep = "application/x-protobuf", "values are nested too deeply"

	for levels, refused := range map[int]bool{40: false, 4900: false, 5100: true, 2_000_000: true} {
		code, answer := post(nested(levels), protobuf, "")
		err := call(nested(levels))
		if !refused {
			require.Equal(t, http.StatusOK, code, "%d levels: %s", levels, answer)
			require.NoError(t, err, levels)
			continue
		}
		require.Equal(t, http.StatusBadRequest, code, levels)
		require.Contains(t, answer, tooDeep, levels)
		require.ErrorContains(t, err, tooDeep, levels)
	}
	for levels, want := range map[int]int{3300: http.StatusOK, 700_000: http.StatusBadRequest} {
		value := strings.Repeat(`{"arrayValue":{"values":[`, levels) + `{}` + strings.Repeat(`]}}`, levels)
		code, answer := post([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":`+value+`}]}]}]}`), "application/json", "")
		require.Equal(t, want, code, answer)
	}
	for exponent, refused := range map[int]bool{3: false, 4: true, 9: true} { // 8, 16 and 512 MiB
		code, answer := post(windowed(t, exponent), protobuf, "zstd")
		err := call(windowed(t, exponent), grpc.UseCompressor("zstd"))
		if !refused {
			require.Equal(t, http.StatusOK, code, answer)
			require.NoError(t, err)
			continue
		}
		require.Equal(t, http.StatusBadRequest, code, exponent)
		require.Contains(t, answer, "window size exceeded")
		require.ErrorContains(t, err, "window size exceeded")
	}
	code, _ := post(make([]byte, 21<<20), protobuf, "")
	require.Equal(t, http.StatusBadRequest, code, "upstream's limit of 20 MiB stands")
	requireStatus(t, health, "/healthz", 200)
	c.stop(t)
}
