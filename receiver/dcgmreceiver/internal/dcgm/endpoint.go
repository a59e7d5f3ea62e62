// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"errors"
	"fmt"
	"net"
	"path"
	"strconv"
	"strings"
)

// Endpoint is where the host engine is. Equal endpoints compare equal, however they were written.
type Endpoint struct {
	scheme  string // tcp, unix, vsock; embedded for an engine inside this process
	address string
}

// Embedded is the endpoint of a host engine that runs inside this process.
func Embedded() Endpoint { return Endpoint{scheme: "embedded"} }

// ParseEndpoint understands host:port, tcp://host:port, unix:///path and vsock://cid:port.
func ParseEndpoint(text string) (Endpoint, error) {
	scheme, address, found := strings.Cut(text, "://")
	if !found {
		scheme, address = "tcp", text
	}
	check, known := addressRules[scheme]
	if !known {
		return Endpoint{}, fmt.Errorf("must be host:port, tcp://host:port, unix:///path or vsock://cid:port, got %q", text)
	}
	if err := check(address); err != nil {
		return Endpoint{}, fmt.Errorf("%w, got %q", err, text)
	}
	return Endpoint{scheme: scheme, address: address}, nil
}

var addressRules = map[string]func(address string) error{
	"tcp":   checkTCP,
	"unix":  checkUnix,
	"vsock": checkVsock,
}

// What DCGM's client has room for, without the byte that ends a text: a socket's path in
// sockaddr_un, and host:port in its own address. It calls what is longer a bad parameter.
const (
	maxUnix = 107
	maxTCP  = 92
)

func checkTCP(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.ContainsAny(address, "/ \t\n") {
		return errors.New("must be host:port or tcp://host:port")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errors.New("must have a port from 1 to 65535")
	}
	if len(address) > maxTCP {
		return fmt.Errorf("must have a host:port of at most %d bytes, not %d", maxTCP, len(address))
	}
	return nil
}

func checkUnix(address string) error {
	if !path.IsAbs(address) {
		return errors.New("must be unix:// and an absolute path, as in unix:///run/nvidia/dcgm.sock")
	}
	if len(address) > maxUnix {
		return fmt.Errorf("must have a path of at most %d bytes, not %d", maxUnix, len(address))
	}
	return nil
}

func checkVsock(address string) error {
	cid, port, _ := strings.Cut(address, ":")
	for _, part := range []string{cid, port} {
		if _, err := strconv.ParseUint(part, 10, 32); err != nil {
			return errors.New("must be vsock:// with a context id and a port, both numbers, as in vsock://2:5555")
		}
	}
	return nil
}

// String returns the endpoint as a URI, or "embedded".
func (e Endpoint) String() string {
	if e == Embedded() {
		return e.scheme
	}
	return e.scheme + "://" + e.address
}
