// SPDX-License-Identifier: Apache-2.0

package support

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Endpoint is where a Collector can be asked.
type Endpoint struct {
	scheme  string // http or https
	network string // tcp or unix
	address string
}

// ParseEndpoint understands host:port, http://host:port, https://host:port and
// unix:///path/of/socket.
func ParseEndpoint(text string) (Endpoint, error) {
	const rule = "must be host:port, http://host:port, https://host:port or unix:///path, got %q"
	if path, ok := strings.CutPrefix(text, "unix://"); ok && strings.HasPrefix(path, "/") {
		return Endpoint{scheme: "http", network: "unix", address: path}, nil
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Port() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return Endpoint{}, fmt.Errorf(rule, strings.TrimPrefix(text, "http://"))
	}
	return Endpoint{scheme: u.Scheme, network: "tcp", address: reachable(u.Host)}, nil
}

// reachable returns the address by which a listener on address is reached from its own host.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("localhost", port)
	}
	return address
}

// String returns the endpoint as [ParseEndpoint] understands it.
func (e Endpoint) String() string {
	if e.network == "unix" {
		return "unix://" + e.address
	}
	return e.scheme + "://" + e.address
}

// Get returns an entry with what the endpoint answers at path.
func (e Endpoint) Get(name, path, accept string) Entry {
	return Entry{Name: name, From: e.String() + path, Collect: func(ctx context.Context) ([]byte, error) {
		return e.get(ctx, path, accept)
	}}
}

func (e Endpoint) get(ctx context.Context, path, accept string) (body []byte, err error) {
	host := e.address
	if e.network == "unix" {
		host = "localhost"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.scheme+"://"+host+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	resp, err := e.client().Do(req)
	if err != nil {
		return nil, nameRefusal(err)
	}
	defer func() { _ = resp.Body.Close() }() // All that counts has been read.
	body, err = io.ReadAll(io.LimitReader(resp.Body, largest+margin))
	if err == nil {
		err = statusError(resp)
	}
	return body, err
}

// statusError returns what is wrong with an answer. 503 is how probes say no.
func statusError(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusServiceUnavailable:
		return nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("answered %s: no credentials are sent", resp.Status)
	default:
		return fmt.Errorf("answered %s", resp.Status)
	}
}

// nameRefusal adds to the alert of a TLS server what it most likely misses.
func nameRefusal(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "remote error" {
		return fmt.Errorf("%w: no client certificate is sent", err)
	}
	return err
}

// client asks the endpoint itself, past proxies and redirects. Its certificate is not
// verified: nothing is sent that an impostor could use.
func (e Endpoint) client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, e.network, e.address)
			},
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
