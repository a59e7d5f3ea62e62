// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

const (
	sourceKubernetes = "kubernetes"
	sourceJobs       = "jobs"

	kindConnect   = "connect"
	kindEnumerate = "enumerate"
	kindParse     = "parse"
	kindRead      = "read"
)

// source asks one place for holders, again and again, beside the data. Its last good answer stands until it is too old.
type source struct {
	name   string
	index  int
	path   string
	maybe  bool // a source that was not configured, and is used where its path exists
	maxAge time.Duration
	asker

	mu       sync.Mutex
	last     time.Time // of the last good answer; zero before the first
	whole    time.Time // of the last one of which nothing was missing
	held     int
	missing  int // devices of the last answer that are no GPU that was seen
	err      error
	complain string // kind of error of which the log has been told
}

// asker is how a source is asked.
type asker interface {
	// open prepares for asking; what it returns ends that. It returns nil where there is nothing to ask.
	open() (closing func(), err error)
	ask(ctx context.Context) reply
	// wait returns when it is time to ask again.
	wait(ctx context.Context)
}

// reply is what asking gave.
type reply struct {
	answer    *holders.Answer // nil with an error
	err       error
	bad       int   // ids or lines that could not be understood
	partial   error // what is missing of the answer
	restarted bool
}

func newSources(cfg *Config) ([]*source, error) {
	maybe := !cfg.Kubernetes.HasValue() && !cfg.Jobs.HasValue()
	var sources []*source
	add := func(s *source) {
		s.index, s.maybe, s.maxAge = len(sources), maybe, cfg.MaxAge
		sources = append(sources, s)
	}
	if maybe || cfg.Kubernetes.HasValue() {
		settings := valueOr(cfg.Kubernetes, defaultKubernetes())
		asker, err := newKubelet(settings, cfg.MaxAge)
		if err != nil {
			return nil, err
		}
		add(&source{name: sourceKubernetes, path: settings.Socket, asker: asker})
	}
	if maybe || cfg.Jobs.HasValue() {
		settings := valueOr(cfg.Jobs, defaultJobs())
		add(&source{name: sourceJobs, path: settings.Directory, asker: &jobDirectory{path: settings.Directory, maxAge: cfg.MaxAge}})
	}
	return sources, nil
}

func (s *source) run(ctx context.Context, a *attributor) {
	closing, err := s.open()
	if err != nil {
		a.logger.Warn("source of GPU holders cannot be used as it should be", zap.String("source", s.name), zap.Error(err))
	}
	if closing == nil {
		s.note(reply{err: err}, time.Now(), 0)
		a.report()
		return
	}
	defer closing()
	for ctx.Err() == nil {
		s.once(ctx, a)
		s.rest(ctx)
	}
}

// rest waits for the time to ask again: at the latest when the last good answer becomes too old.
func (s *source) rest(ctx context.Context) {
	s.mu.Lock()
	old := s.last.Add(s.maxAge)
	s.mu.Unlock()
	if time.Until(old) > 0 {
		until, cancel := context.WithDeadline(ctx, old)
		defer cancel()
		ctx = until
	}
	s.wait(ctx)
}

// once asks, and notes what came of it.
func (s *source) once(ctx context.Context, a *attributor) {
	if s.maybe && s.age(time.Now()) == 0 && !exists(s.path) {
		a.book.Lock()
		a.book.Forget(s.index, true, time.Now())
		a.book.Unlock()
		return
	}
	r := s.ask(ctx)
	if ctx.Err() != nil {
		return
	}
	a.self.count(s, r)
	a.book.Lock()
	if r.answer != nil {
		a.book.Update(s.index, r.answer)
	} else if s.age(time.Now()) >= s.maxAge {
		a.book.Forget(s.index, s.maybe && !exists(s.path), time.Now())
	}
	missing := a.book.Unresolved(s.index)
	a.book.Unlock()
	s.note(r, time.Now(), missing)
	s.log(a.logger, r)
	a.report()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func (s *source) note(r reply, now time.Time, missing int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.missing = errors.Join(r.err, r.partial), missing
	if r.answer == nil {
		return
	}
	s.last, s.held = now, 0
	if r.partial == nil {
		s.whole = now
	}
	for _, holdings := range r.answer.Holdings {
		s.held += len(holdings)
	}
}

// age is that of the last good answer, 0 before the first.
func (s *source) age(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.IsZero() {
		return 0
	}
	return now.Sub(s.last)
}

func (s *source) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// log says once that a source fails, and once that it works again.
func (s *source) log(logger *zap.Logger, r reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := r.kind()
	if kind == s.complain {
		return
	}
	s.complain = kind
	if kind == "" {
		logger.Info("source of GPU holders answers", zap.String("source", s.name))
		return
	}
	logger.Warn("source of GPU holders fails, its last good answer stands", zap.String("source", s.name),
		zap.String("kind", kind), zap.Error(errors.Join(r.err, r.partial)), zap.Int("unreadable", r.bad))
}

// kind is what failed, "" if nothing did.
func (r reply) kind() string {
	switch {
	case status.Code(r.err) == codes.Unavailable || errors.Is(r.err, fs.ErrNotExist):
		return kindConnect
	case r.err != nil:
		return kindRead
	case r.partial != nil:
		return kindEnumerate
	case r.bad > 0:
		return kindParse
	default:
		return ""
	}
}
