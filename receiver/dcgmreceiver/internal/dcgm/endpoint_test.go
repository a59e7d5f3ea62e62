// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEqualEndpointsCompareEqual(t *testing.T) {
	for text, uri := range map[string]string{
		"localhost:5555":               "tcp://localhost:5555",
		"tcp://localhost:5555":         "tcp://localhost:5555",
		"[::1]:5555":                   "tcp://[::1]:5555",
		"unix:///run/nvidia/dcgm.sock": "unix:///run/nvidia/dcgm.sock",
		"vsock://2:5555":               "vsock://2:5555",
	} {
		e, err := ParseEndpoint(text)
		require.NoError(t, err)
		require.Equal(t, uri, e.String())
	}
	plain, err := ParseEndpoint("localhost:5555")
	require.NoError(t, err)
	scheme, err := ParseEndpoint("tcp://localhost:5555")
	require.NoError(t, err)
	require.Equal(t, plain, scheme)
	require.Equal(t, "embedded", Embedded().String())
}

func TestEngineTellsVersionAndOrigin(t *testing.T) {
	require.Equal(t, Engine{Version: "4.6.0"}, parseEngine("version:4.6.0;arch:x86_64;buildplatform:local;crc:0"))
	require.Equal(t, Engine{Version: "4.6.1", Simulated: true}, parseEngine("buildplatform:tracecore-simulated;version:4.6.1"))
	require.NoError(t, checkVersion("the host engine", Engine{Version: "4.4.2"}))
	for _, version := range []string{"3.3.9", "5.0.0", "", "40.1"} {
		require.ErrorContains(t, checkVersion("the host engine", Engine{Version: version}), "the host engine has version")
	}
}
