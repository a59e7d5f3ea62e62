// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"errors"
	"fmt"
	"math"
	"net"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/confmap"
)

// maxShutdownDelay keeps the delay inside Kubernetes' default termination grace period of 30 s.
const maxShutdownDelay = 30 * time.Second

// The longest server timeout, and the longest time between two looks at a certificate.
const (
	maxServerTimeout  = 24 * time.Hour
	maxReloadInterval = 30 * 24 * time.Hour
)

// Config is the configuration of the health_slo extension. keys.yaml has the rules, and what README.md says about each key.
type Config struct {
	// HTTP ("http") is the server that answers the probes: confighttp's settings with
	// endpoint localhost:13134, read_header_timeout 5s, read_timeout 10s and
	// max_request_body_size 1024 as defaults. The transport is tcp, tcp4, tcp6 or unix.
	HTTP confighttp.ServerConfig `mapstructure:"http"`

	// AllowedHosts ("allowed_hosts") are the names, beside the endpoint's and the machine's own,
	// that a request may be addressed to: host names, "*." and a domain for all names below it, or
	// "*" for all. Addresses and loopback names are always allowed.
	AllowedHosts []string `mapstructure:"allowed_hosts"`

	// Paths ("paths") are the URL paths of the endpoints.
	Paths PathsConfig `mapstructure:"paths"`

	// ShutdownDelay ("shutdown_delay") is how long the Collector goes on receiving after readiness
	// has turned to 503, so that load balancers notice before connections are refused. It also
	// applies to every configuration reload.
	ShutdownDelay time.Duration `mapstructure:"shutdown_delay"`

	// Window ("window") is the rolling window of failure rates and stalls.
	Window time.Duration `mapstructure:"window"`

	// SampleInterval ("sample_interval") is how often the Collector's own metrics are read, at
	// least twice in a window.
	SampleInterval time.Duration `mapstructure:"sample_interval"`

	// Objectives ("objectives") are service level objectives.
	Objectives []ObjectiveConfig `mapstructure:"objectives"`

	// Expect ("expect") is what the node must have to be fit.
	Expect ExpectConfig `mapstructure:"expect"`

	// ScrapeEndpoint ("scrape_endpoint") is the URL of the Collector's own Prometheus endpoint, for
	// distributions built without the extension's telemetry factory.
	ScrapeEndpoint string `mapstructure:"scrape_endpoint"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// PathsConfig holds the URL paths of the endpoints. They are absolute and clean (no
// trailing slash), are not "/" and differ from each other.
type PathsConfig struct {
	// Metrics ("metrics") is the path of the Collector's own metrics.
	Metrics string `mapstructure:"metrics"`

	// Healthz ("healthz") is the path of the liveness endpoint.
	Healthz string `mapstructure:"healthz"`

	// Readyz ("readyz") is the path of the readiness endpoint.
	Readyz string `mapstructure:"readyz"`

	// GPUs ("gpus") is the path of the verdict on the node's GPUs.
	GPUs string `mapstructure:"gpus"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ExpectConfig is what the node must have to be fit.
type ExpectConfig struct {
	// GPUs ("gpus") is how many GPUs the node has.
	GPUs *int `mapstructure:"gpus"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var (
	_ component.Config    = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
)

// Unmarshal refuses fractions of GPUs and bytes, of which only the whole part would be taken.
func (cfg *Config) Unmarshal(conf *confmap.Conf) error {
	var errs []error
	for _, key := range []string{"expect::gpus", "http::max_request_body_size"} {
		if number, isFloat := conf.Get(key).(float64); isFloat && number != math.Trunc(number) {
			errs = append(errs, fmt.Errorf("%q: must be a whole number, got %v", key, number))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return conf.Unmarshal(cfg)
}

// Validate reports every setting that Start could not work with.
func (cfg *Config) Validate() error {
	return errors.Join(
		validateAddress(&cfg.HTTP.NetAddr),
		validateTimeouts(&cfg.HTTP),
		validateReload(&cfg.HTTP),
		validateAuthenticator(&cfg.HTTP),
		validateInlineCertificates(&cfg.HTTP),
		validateAllowedHosts(cfg.AllowedHosts),
		cfg.Paths.validate(),
		validateShutdownDelay(cfg.ShutdownDelay),
		cfg.validateSampling(),
		cfg.Expect.validate(),
	)
}

// validateAddress leaves unknown transports to confignet, which validates itself.
func validateAddress(addr *confignet.AddrConfig) error {
	switch addr.Transport {
	case confignet.TransportTypeTCP, confignet.TransportTypeTCP4, confignet.TransportTypeTCP6:
		return validateHostPort(addr.Endpoint)
	case confignet.TransportTypeUnix:
		if !filepath.IsAbs(addr.Endpoint) {
			return fmt.Errorf(`"http::endpoint": must be the absolute path of a socket, got %q`, addr.Endpoint)
		}
	case confignet.TransportTypeUDP, confignet.TransportTypeUDP4, confignet.TransportTypeUDP6,
		confignet.TransportTypeIP, confignet.TransportTypeIP4, confignet.TransportTypeIP6,
		confignet.TransportTypeUnixgram, confignet.TransportTypeUnixPacket:
		return fmt.Errorf(`"http::transport": must be tcp, tcp4, tcp6 or unix, got %q`, addr.Transport)
	}
	return nil
}

// validateTimeouts keeps a client that sends bit by bit from staying for ever: net/http takes no
// timeout from what is not positive, and that of the whole request where that of its header is 0.
func validateTimeouts(server *confighttp.ServerConfig) error {
	var errs []error
	for _, setting := range []struct {
		key   string
		value time.Duration
	}{
		{"read_timeout", server.ReadTimeout},
		{"read_header_timeout", server.ReadHeaderTimeout},
		{"write_timeout", server.WriteTimeout},
		{"idle_timeout", server.IdleTimeout},
	} {
		if setting.value < 0 || setting.value > maxServerTimeout {
			errs = append(errs, fmt.Errorf(`"http::%s": must be from 0s to %v, got %v`, setting.key, maxServerTimeout, setting.value))
		}
	}
	if server.ReadHeaderTimeout == 0 && server.ReadTimeout == 0 {
		errs = append(errs, errors.New(`"http::read_header_timeout": must be positive unless "http::read_timeout" is, got 0s for both`))
	}
	return errors.Join(errs...)
}

// validateReload reports reloads that would never take place.
func validateReload(server *confighttp.ServerConfig) error {
	if !server.TLS.HasValue() {
		return nil
	}
	var errs []error
	cfg := server.TLS.Get()
	if cfg.ReloadInterval < 0 || cfg.ReloadInterval > maxReloadInterval {
		errs = append(errs, fmt.Errorf(`"http::tls::reload_interval": must be from 0s to %v, got %v`, maxReloadInterval, cfg.ReloadInterval))
	}
	if cfg.ReloadClientCAFile && cfg.ClientCAFile == "" {
		errs = append(errs, errors.New(`"http::tls::client_ca_file_reload": must not be set without "http::tls::client_ca_file"`))
	}
	return errors.Join(errs...)
}

// validateAuthenticator leaves to Start whether there is such an extension.
func validateAuthenticator(server *confighttp.ServerConfig) error {
	if server.Auth.HasValue() && server.Auth.Get().AuthenticatorID == (component.ID{}) {
		return errors.New(`"http::auth::authenticator": must name an extension of "service::extensions", got ""`)
	}
	return nil
}

// validateInlineCertificates leaves files to Start: a configuration is also validated on
// machines that do not have its secrets.
func validateInlineCertificates(server *confighttp.ServerConfig) error {
	if !server.TLS.HasValue() {
		return nil
	}
	cfg := *server.TLS.Get()
	if cfg.CertPem == "" || cfg.KeyPem == "" {
		return nil
	}
	cfg.CAFile, cfg.ClientCAFile = "", ""
	return checkCertificates(cfg, time.Now())
}

func validateHostPort(endpoint string) error {
	_, port, err := net.SplitHostPort(endpoint)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf(`"http::endpoint": must be host:port with a port from 0 to 65535, got %q`, endpoint)
	}
	return nil
}

func validateShutdownDelay(delay time.Duration) error {
	if delay < 0 || delay > maxShutdownDelay {
		return fmt.Errorf(`"shutdown_delay": must be from 0s to %v, got %v`, maxShutdownDelay, delay)
	}
	return nil
}

func (cfg *ExpectConfig) validate() error {
	if cfg.GPUs != nil && *cfg.GPUs < 0 {
		return fmt.Errorf(`"expect::gpus": must be at least 0, got %d`, *cfg.GPUs)
	}
	return nil
}

func (cfg *PathsConfig) validate() error {
	var err error
	firstKey := map[string]string{}
	for _, setting := range []struct{ key, path string }{
		{"paths::metrics", cfg.Metrics},
		{"paths::healthz", cfg.Healthz},
		{"paths::readyz", cfg.Readyz},
		{"paths::gpus", cfg.GPUs},
	} {
		err = errors.Join(err, validatePath(setting.key, setting.path))
		if first, taken := firstKey[setting.path]; taken {
			err = errors.Join(err, fmt.Errorf("%q: must differ from %q, got %q for both", setting.key, first, setting.path))
			continue
		}
		firstKey[setting.path] = setting.key
	}
	return err
}

func validatePath(key, urlPath string) error {
	if rule := brokenPathRule(urlPath); rule != "" {
		return fmt.Errorf("%q: %s, got %q", key, rule, urlPath)
	}
	return nil
}

// brokenPathRule returns the first rule the path breaks. A path that breaks none is one that
// http.ServeMux takes literally and reaches without a redirect.
func brokenPathRule(urlPath string) string {
	switch {
	case !strings.HasPrefix(urlPath, "/"):
		return `must start with "/"`
	case urlPath == "/":
		return `must not be "/" alone`
	case strings.ContainsFunc(urlPath, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "must not contain whitespace or control characters"
	case strings.ContainsAny(urlPath, "?#"):
		return "must not contain a query or a fragment"
	case strings.ContainsAny(urlPath, "{}%"):
		return "must not contain any of {, } and %"
	case path.Clean(urlPath) != urlPath:
		return `must not end in "/" or contain "//", "/./" or "/../"`
	}
	return ""
}
