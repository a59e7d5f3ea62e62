// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"strconv"
)

// portsNeeded are Prometheus', Alertmanager's, the backend's, and a page and a status page of each of two nodes.
const portsNeeded = 8

// addresses returns distinct addresses on loopback that nobody listens on now: in a row from a first port, or free ones.
func freeAddresses(first int) ([]string, error) {
	var found []string
	for i := range portsNeeded {
		port := 0
		if first != 0 {
			port = first + i
		}
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return nil, fmt.Errorf("find ports: %w", err)
		}
		defer listener.Close() //nolint:errcheck // It only holds the port until all are chosen.
		found = append(found, listener.Addr().String())
	}
	return found, nil
}
