// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/config/confignet"
)

// loopbackNames are those of a common /etc/hosts. Names below localhost are loopback as well.
var loopbackNames = []string{"localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"}

// hostRule is a name, or a domain for all names below it, or all names.
var hostRule = regexp.MustCompile(`^(\*|(\*\.)?[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]+)*\.?)$`)

// hosts are the names that a request may be addressed to, in lower case and without a final dot.
type hosts []string

// newHosts returns the names of this machine, of the endpoint, and those configured.
func newHosts(cfg *Config) hosts {
	names := slices.Concat(loopbackNames, []string{"*.localhost"}, cfg.AllowedHosts)
	if host, _, err := net.SplitHostPort(cfg.HTTP.NetAddr.Endpoint); err == nil {
		names = append(names, host)
	}
	if host, err := os.Hostname(); err == nil { // Without a name of its own it has the others.
		short, _, _ := strings.Cut(host, ".")
		names = append(names, host, short)
	}
	for i := range names {
		names[i] = canonical(names[i])
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// canonical is a name without what does not distinguish it from others.
func canonical(name string) string {
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// serve reports whether a request with this Host may be answered. A page of somebody else's site
// can make its name point here, and read what the browser gets under it. It cannot make the
// browser send an address, or no Host at all.
func (h hosts) serve(hostport string) bool {
	name, _, err := net.SplitHostPort(hostport)
	if err != nil { // It has no port.
		name = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	name = canonical(name)
	if _, err := netip.ParseAddr(name); err == nil || hostport == "" {
		return true
	}
	return slices.ContainsFunc(h, func(rule string) bool {
		domain, wildcard := strings.CutPrefix(rule, "*")
		return rule == name || wildcard && strings.HasSuffix(name, domain)
	})
}

// refuseForeignHosts answers 421 to requests that are addressed to somebody else. No browser
// reaches a socket file.
func refuseForeignHosts(next http.Handler, cfg *Config) http.Handler {
	if cfg.HTTP.NetAddr.Transport == confignet.TransportTypeUnix {
		return next
	}
	ours := newHosts(cfg)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ours.serve(r.Host) {
			http.Error(w, fmt.Sprintf("host %q is none of this server's: use an IP address, or add the name to allowed_hosts", r.Host), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func validateAllowedHosts(names []string) error {
	for i, name := range names {
		if !hostRule.MatchString(name) {
			return fmt.Errorf(`"allowed_hosts::%d": must be a host name without a port, "*." and a domain, or "*", got %q`, i, name)
		}
	}
	return nil
}
