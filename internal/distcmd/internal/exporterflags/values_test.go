// SPDX-License-Identifier: Apache-2.0

package exporterflags

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A DaemonSet may spell out what is the default.
func TestDefaultsOfEveryFlagMayBeGiven(t *testing.T) {
	want, err := Translate(nil, none)
	require.NoError(t, err)
	for _, f := range Flags {
		spellings := []string{f.Default}
		if f.kind == toggle {
			spellings = []string{"false", "False", "FALSE", "f", "F", "0"}
		}
		if f.Default == "true" {
			spellings = []string{"true", "True", "T", "1"}
		}
		if f.Default == "" || f.Name == "remote-hostengine-info" {
			continue
		}
		for _, spelling := range spellings {
			got, err := Translate([]string{"--" + f.Name + "=" + spelling}, none)
			require.NoError(t, err, f.Name)
			require.Equal(t, want, got, f.Name)
			got, err = Translate(nil, environ(f.Env+"="+spelling))
			require.NoError(t, err, f.Name)
			require.Equal(t, want, got, f.Name)
		}
	}
}

func TestValuesAreReadAsByDCGMExporter(t *testing.T) {
	for _, tt := range []struct {
		flag, text string
		want       string
	}{
		{"collect-interval", "0x3e8", "collection_interval: 1s\n"},
		{"collect-interval", "100", "collection_interval: 100ms\n"},
		{"xid-count-window-size", "86400000", "xid_window: 24h0m0s\n"},
		{"address", "127.0.0.1:9400", "endpoint: 127.0.0.1:9400\n"},
		{"address", "[::]:9400", "endpoint: '[::]:9400'\n"},
		{"address", "localhost:0", "endpoint: localhost:0\n"},
		{"address", ":http", "endpoint: :http\n"},
		{"kubernetes", "1", "gpu_attribution:\n"},
		{"kubernetes", "T", "gpu_attribution:\n"},
		{"debug", "TRUE", "level: debug\n"},
		{"web-read-timeout", "1m30s", "read_timeout: 1m30s\n"},
		{"remote-hostengine-info", "gpu7", "endpoint: gpu7:5555\n"},
		{"remote-hostengine-info", "10.0.0.7:5556", "endpoint: 10.0.0.7:5556\n"},
		{"remote-hostengine-info", "::1", "endpoint: '[::1]:5555'\n"},
		{"remote-hostengine-info", "unix:///run/dcgm.sock", "endpoint: unix:///run/dcgm.sock\n"},
		{"remote-hostengine-info", "[::1]", "endpoint: '[::1]:5555'\n"},
		{"remote-hostengine-info", "fe80::1%eth0", "endpoint: '[fe80::1%eth0]:5555'\n"},
		{"remote-hostengine-info", "tcp://[::1]", "endpoint: tcp://[::1]:5555\n"},
		{"remote-hostengine-info", "tcp://::1", "endpoint: tcp://[::1]:5555\n"},
		{"remote-hostengine-info", "tcp://gpu7", "endpoint: tcp://gpu7:5555\n"},
		{"remote-hostengine-info", "tcp://gpu7:", "endpoint: tcp://gpu7:5555\n"},
		{"remote-hostengine-info", "gpu7:", "endpoint: gpu7:5555\n"},
		{"remote-hostengine-info", "[::1]:5556", "endpoint: '[::1]:5556'\n"},
		{"remote-hostengine-info", "vsock://2:5555", "endpoint: vsock://2:5555\n"},
		{"collect-interval", "3600000", "collection_interval: 1h0m0s\n"},
		{"clock-events-count-window-size", "1000", "clock_events_window: 1s\n"},
		{"devices", "g", "mig: gpus\n"},
		{"devices", "i", "mig: instances\n"},
		{"devices", "g+i", "mig: both\n"},
		{"devices", "i+g", "mig: both\n"},
		{"hostname-label", "both", "hostname_label: both\n"},
	} {
		translation, err := Translate([]string{"--" + tt.flag + "=" + tt.text}, none)
		require.NoError(t, err)
		require.Contains(t, translation.YAML, tt.want)
	}
}

// Two intervals more would count a GPU twice after each job.
func TestSeriesStayThreeIntervalsUnlessTheyHaveHolders(t *testing.T) {
	for want, args := range map[string]string{
		"metric_expiration: 45s\n":    "-c 15000",
		"metric_expiration: 22.5s\n":  "-k -c 15000",
		"metric_expiration: 1.5s\n":   "--hpc-job-mapping-dir /run/jobs -c 1000",
		"metric_expiration: 3h0m0s\n": "-c 3600000",
		"metric_expiration: 150ms\n":  "-c 100 -k",
	} {
		translation, err := Translate(strings.Fields(args), none)
		require.NoError(t, err)
		require.Contains(t, translation.YAML, want)
	}
}

func TestWrongValuesAreRefusedByName(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for want, args := range map[string]string{
		`"--unheard": is no flag of dcgm-exporter`:                                                               "--unheard",
		`"-unheard": is no flag of dcgm-exporter`:                                                                "-unheard=3 -k",
		`"---k": is no flag of dcgm-exporter`:                                                                    "-k ---k",
		`"extra": is no flag of dcgm-exporter`:                                                                   "-k extra",
		`"-c": must have a value`:                                                                                "-k -c",
		`"--collect-interval": must be a whole number, got "10s"`:                                                "-c 10s",
		`"--collect-interval": must be a whole number, got "1.5"`:                                                "--collect-interval=1.5",
		`"--kubernetes": must be true or false, got "yes"`:                                                       "--kubernetes=yes",
		`"--collect-interval": must be from 100 to 3600000 milliseconds, got 0`:                                  "-c 0",
		`"--xid-count-window-size": must be from 1000 to 86400000 milliseconds, got -1`:                          "-x -1",
		`"--clock-events-count-window-size": must be from 1000 to 86400000 milliseconds, got 99999999999999`:     "--clock-events-count-window-size 99999999999999",
		`"--collect-interval": must be from 100 to 3600000 milliseconds, got 86400000`:                           "-c 86400000",
		`"--collect-interval": must be from 100 to 3600000 milliseconds, got 99`:                                 "-c 99",
		`"--xid-count-window-size": must be from 1000 to 86400000 milliseconds, got 999`:                         "-x 999",
		`"--collectors": must be a counters file that can be read: open /nowhere.csv: no such file or directory`: "-f /nowhere.csv",
		`"--hpc-job-mapping-dir": must be an absolute path, got "jobs"`:                                          "--hpc-job-mapping-dir jobs",
		`"--remote-hostengine-info": must be HOST, HOST:PORT with a port from 1 to 65535, tcp://HOST:PORT, unix:///PATH or vsock://CID:PORT, got "h:abc"`: "-r h:abc",
		`CID:PORT, got "h:0"`:           "-r h:0",
		`CID:PORT, got ":5555"`:         "-r :5555",
		`CID:PORT, got "tcp://"`:        "-r tcp://",
		`CID:PORT, got "[h]"`:           "-r [h]",
		`CID:PORT, got "http://h:5555"`: "-r http://h:5555",
		`CID:PORT, got "h/x:5555"`:      "-r h/x:5555",
		`"--address": must be HOST:PORT or :PORT, with an IPv6 address in [], got "9400"`:                                       "-a 9400",
		`"--address": must be HOST:PORT or :PORT, with an IPv6 address in [], got "::1:9400"`:                                   "-a ::1:9400",
		`"--address": must be HOST:PORT or :PORT, with an IPv6 address in [], got ":70000"`:                                     "-a :70000",
		`"--address": must be HOST:PORT or :PORT, with an IPv6 address in [], got "localhost:"`:                                 "-a localhost:",
		`"--devices": must be f, g, i, g+i or g:NUMBERS, got "i:0,2": choose single instances by the label GPU_I_ID in queries`: "-d i:0,2",
		`"--devices": must be f, g, i, g+i or g:NUMBERS, got "f:0"`:                                                             "-d f:0",
		`"--devices": must be f, g, i, g+i or g:NUMBERS, got "g:"`:                                                              "-d g:",
		`"--devices": must be f, g, i, g+i or g:NUMBERS, got "0,1"`:                                                             "-d 0,1",
		`"--devices": must be f, g, i, g+i or g:NUMBERS, got "g:0+i"`:                                                           "-d g:0+i",
		`"--devices": must be f, g, i, g+i or g:NUMBERS, got "f+i"`:                                                             "-d f+i",
		`"--devices": must have numbers up to 1024 in order, got "3-1"`:                                                         "-d g:3-1",
		`"--devices": must have numbers up to 1024 in order, got "0-99999999"`:                                                  "-d g:0-99999999",
		`"--switch-devices": must be f, which is all NVSwitches, got "g:0": choose some by the label nvswitch in queries`:       "-s g:0",
		`"--cpu-devices": must be f, which is all CPUs, got "x"`:                                                                "-p x",
		`"--log-format": must be text or json, got "xml"`:                                                                       "--log-format xml",
		`"--names": must be 4.8, 4.9 or both, got "5"`:                                                                          "--names 5",
		`"--hostname-label": must be Hostname, hostname or both, got "host"`:                                                    "--hostname-label host",
		`"--hostname-label": must not be given with --no-hostname, which leaves the label out`:                                  "-n --hostname-label both",
		`"--kubernetes-gpu-id-type": must be uid or device-name, got "index"`:                                                   "--kubernetes-gpu-id-type index",
		`"--web-read-timeout": must be a duration of at least 0s, such as 10s, got "10"`:                                        "--web-read-timeout 10",
		`"--web-write-timeout": must be a duration of at least 0s, such as 10s, got "-1s"`:                                      "--web-write-timeout=-1s",
		`"--dump-directory": must be an absolute path, got "x"`:                                                                 "--dump-enabled --dump-directory x",
		`"--pod-resources-kubelet-socket": must be an absolute path, got "x"`:                                                   "-k --pod-resources-kubelet-socket x",
		`"--kubernetes-pod-label-allowlist-regex": must be regular expressions`:                                                 "-k --kubernetes-pod-label-allowlist-regex (",
		`"--web-config-file": open /nowhere.yaml: no such file or directory`:                                                    "--web-config-file /nowhere.yaml",
		`field http_server_config not found`:                                                                                    "--web-config-file " + file("headers.yaml", "http_server_config: {http2: false}\n"),
		`"tls_server_config::client_auth_type": must be RequireAndVerifyClientCert with a client_ca_file`:                       "--web-config-file " + file("any.yaml", "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequestClientCert}\n"),
		`"tls_server_config::min_version": must be TLS10, TLS11, TLS12 or TLS13, got "1.2"`:                                     "--web-config-file " + file("version.yaml", "tls_server_config: {cert_file: a, key_file: b, min_version: '1.2'}\n"),
	} {
		_, err := Translate(strings.Fields(args), none)
		require.ErrorContains(t, err, want, args)
	}
	for variable, want := range map[string]string{
		"DCGM_EXPORTER_KUBERNETES=maybe":     `"DCGM_EXPORTER_KUBERNETES": must be true or false, got "maybe"`,
		"DCGM_EXPORTER_INTERVAL=10s":         `"DCGM_EXPORTER_INTERVAL": must be a whole number, got "10s"`,
		"DCGM_EXPORTER_INTERVAL=0":           `"DCGM_EXPORTER_INTERVAL": must be from 100 to 3600000 milliseconds, got 0`,
		"DCGM_EXPORTER_DEVICES_STR=i:0-3":    `"DCGM_EXPORTER_DEVICES_STR": must be f, g, i, g+i or g:NUMBERS, got "i:0-3"`,
		"DCGM_EXPORTER_LISTEN=9400":          `"DCGM_EXPORTER_LISTEN": must be HOST:PORT`,
		"DCGM_EXPORTER_USE_FAKE_GPUS=1":      `"DCGM_EXPORTER_USE_FAKE_GPUS": is not supported: take the simulated libdcgm`,
		"DCGM_EXPORTER_CPU_DEVICES_STR=g:0":  `"DCGM_EXPORTER_CPU_DEVICES_STR": must be f, which is all CPUs, got "g:0"`,
		"DCGM_EXPORTER_WEB_READ_TIMEOUT=ten": `"DCGM_EXPORTER_WEB_READ_TIMEOUT": must be a duration`,
	} {
		_, err := Translate(nil, environ(variable))
		require.ErrorContains(t, err, want)
	}
}

func TestEveryWrongFlagIsReported(t *testing.T) {
	_, err := Translate([]string{"-c", "10s", "--log-format", "xml"}, environ("DCGM_EXPORTER_KUBERNETES=maybe"))
	require.EqualError(t, err, `"--collect-interval": must be a whole number, got "10s"`+"\n"+`"--log-format": must be text or json, got "xml"`+"\n"+
		`"DCGM_EXPORTER_KUBERNETES": must be true or false, got "maybe"`)
	_, err = Translate([]string{"-a", "9400", "-c", "ten", "--fake-gpus", "-d", "x", "extra"}, none)
	_, otherErr := Translate([]string{"-r", "h:abc", "-f", "/nowhere.csv", "-c", "abc", "-x", "1", "--hpc-job-mapping-dir", "jobs"}, none)
	for _, name := range []string{`"--remote-hostengine-info"`, `"--collectors"`, `"--collect-interval"`, `"--xid-count-window-size"`, `"--hpc-job-mapping-dir"`} {
		require.ErrorContains(t, otherErr, name)
	}
	for _, name := range []string{`"extra": is no flag`, `"--collect-interval": `, `"--address"`, `"--fake-gpus"`, `"--devices"`} {
		require.ErrorContains(t, err, name)
	}
}
