// SPDX-License-Identifier: Apache-2.0

package exporterflags

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

func engine(c *config, v value) error {
	if v.text == "" {
		c.set("receivers::dcgm::mode", "embedded")
		return nil
	}
	endpoint := withPort(v.text)
	c.set("receivers::dcgm::endpoint", endpoint)
	return checkEngine(endpoint)
}

// withPort adds DCGM's own port to a host that stands alone, as libdcgm does. An IPv6 address that stands alone may be without its brackets.
func withPort(endpoint string) string {
	address, isURI := strings.CutPrefix(endpoint, "tcp://")
	host := address
	if !isIP(address) {
		host = strings.TrimSuffix(address, ":")
	}
	if inner := strings.Trim(host, "[]"); host == "["+inner+"]" && isIP(inner) {
		host = inner
	}
	switch {
	case host == "", strings.ContainsAny(host, ":/[]") && !isIP(host):
		return endpoint
	case isURI:
		return "tcp://" + net.JoinHostPort(host, "5555")
	default:
		return net.JoinHostPort(host, "5555")
	}
}

func isIP(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// checkEngine refuses what is no address, so that the error names the flag. The receiver knows more about sockets.
func checkEngine(endpoint string) error {
	scheme, address, isURI := strings.Cut(endpoint, "://")
	if scheme == "unix" || scheme == "vsock" {
		return nil
	}
	if !isURI {
		scheme, address = "tcp", endpoint
	}
	host, port, err := net.SplitHostPort(address)
	n, noNumber := strconv.ParseUint(port, 10, 16)
	if scheme != "tcp" || err != nil || noNumber != nil || n == 0 || host == "" || strings.ContainsAny(host, "/ \t\n") {
		return fmt.Errorf("must be HOST, HOST:PORT with a port from 1 to 65535, tcp://HOST:PORT, unix:///PATH or vsock://CID:PORT, got %q", endpoint)
	}
	return nil
}
