// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/collector/config/configtls"
	"go.uber.org/zap"
)

// retryAfter is the least time between two loads of what could not be loaded, so that a client
// that connects all the time does not make the server read files all the time.
const retryAfter = time.Second

// serverTLS loads what configtls describes. It reloads by itself: upstream's reload refuses
// every client while a new certificate is broken, and its watch of the client CA file leaks a
// goroutine and a descriptor with every start.
func serverTLS(ctx context.Context, cfg configtls.ServerConfig, logger *zap.Logger) (*tls.Config, error) {
	if err := checkCertificates(cfg, time.Now()); err != nil {
		return nil, err
	}
	parts := reloadedParts(ctx, cfg)
	cfg.ReloadInterval, cfg.ReloadClientCAFile = 0, false
	loaded, err := cfg.LoadTLSConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf(`"http::tls": %w`, err)
	}
	loaded.NextProtos = []string{"h2", "http/1.1"}
	if len(parts) == 0 {
		return loaded, nil
	}
	reloader := &certificateReloader{logger: logger, current: loaded, parts: parts}
	server := loaded.Clone()
	server.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return reloader.config(time.Now()), nil
	}
	return server, nil
}

// certificateReloader looks at the files when a client connects, so it needs no goroutine.
type certificateReloader struct {
	logger *zap.Logger

	mu      sync.Mutex
	current *tls.Config
	parts   []*reloadedPart
}

// reloadedPart is a part of the TLS settings whose files may change while the server runs.
type reloadedPart struct {
	what    string
	due     func(now time.Time) bool
	load    func(now time.Time) (*tls.Config, error)
	apply   func(to, from *tls.Config)
	failure string // of the last load; empty when it worked
	tried   time.Time
}

// wanted reports whether to load now. What could not be loaded is tried again although nothing
// changed: the cause may lie elsewhere, such as in permissions or in too many open files.
func (p *reloadedPart) wanted(now time.Time) bool {
	return p.due(now) || p.failure != "" && now.Sub(p.tried) >= retryAfter
}

// config returns the settings for one client: the last that could be loaded.
func (r *certificateReloader) config(now time.Time) *tls.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, part := range r.parts {
		if part.wanted(now) {
			r.reload(part, now)
		}
	}
	return r.current
}

// reload logs a failure when it begins or changes, and its end.
func (r *certificateReloader) reload(part *reloadedPart, now time.Time) {
	part.tried = now
	fresh, err := part.load(now)
	if err != nil {
		if part.failure != err.Error() {
			r.logger.Error("Cannot reload "+part.what+", keeping the old one", zap.Error(err))
		}
		part.failure = err.Error()
		return
	}
	if part.failure != "" {
		r.logger.Info("Reloaded " + part.what)
	}
	part.failure = ""
	next := r.current.Clone()
	part.apply(next, fresh)
	r.current = next
}

// reloadedParts are those for which the configuration asks.
func reloadedParts(ctx context.Context, cfg configtls.ServerConfig) []*reloadedPart {
	var parts []*reloadedPart
	if cfg.ReloadInterval > 0 && (cfg.CertFile != "" || cfg.KeyFile != "") {
		certificate := cfg
		certificate.ReloadInterval, certificate.ClientCAFile = 0, ""
		parts = append(parts, &reloadedPart{
			what:  "the TLS certificate",
			due:   everyInterval(cfg.ReloadInterval),
			load:  checkedLoad(ctx, certificate),
			apply: func(to, from *tls.Config) { to.GetCertificate = from.GetCertificate },
		})
	}
	if cfg.ReloadClientCAFile && cfg.ClientCAFile != "" {
		authorities := configtls.ServerConfig{ClientCAFile: cfg.ClientCAFile}
		authorities.IncludeSystemCACertsPool = cfg.IncludeSystemCACertsPool
		parts = append(parts, &reloadedPart{
			what:  "the client CA file",
			due:   wheneverChanged(cfg.ClientCAFile),
			load:  checkedLoad(ctx, authorities),
			apply: func(to, from *tls.Config) { to.ClientCAs = from.ClientCAs },
		})
	}
	return parts
}

func checkedLoad(ctx context.Context, cfg configtls.ServerConfig) func(time.Time) (*tls.Config, error) {
	ctx = context.WithoutCancel(ctx) // The context of Start ends with Start.
	return func(now time.Time) (*tls.Config, error) {
		if err := checkCertificates(cfg, now); err != nil {
			return nil, err
		}
		return cfg.LoadTLSConfig(ctx)
	}
}

func everyInterval(interval time.Duration) func(time.Time) bool {
	next := time.Now().Add(interval)
	return func(now time.Time) bool {
		if now.Before(next) {
			return false
		}
		next = now.Add(interval)
		return true
	}
}

// wheneverChanged follows symbolic links: Kubernetes renews a mounted secret by turning one.
// A file that goes or comes has changed.
func wheneverChanged(path string) func(time.Time) bool {
	last, _ := os.Stat(path) // It is being loaded, which reports the error.
	return func(time.Time) bool {
		before := last
		last, _ = os.Stat(path)
		if last == nil || before == nil {
			return last != before
		}
		return !os.SameFile(last, before) || !last.ModTime().Equal(before.ModTime()) || last.Size() != before.Size()
	}
}
