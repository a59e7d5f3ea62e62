// SPDX-License-Identifier: Apache-2.0

package podresources

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	api "k8s.io/kubelet/pkg/apis/podresources/v1"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

// What one answer may be large: the kubelet's own client takes 16 MiB of resources.
const (
	maxResources = 16 << 20
	maxPods      = 64 << 20
)

// Settings are what a [Client] asks, and how.
type Settings struct {
	Socket     string
	PodsSocket string // of the pods API; "" asks for no UID and no label
	Labels     []*regexp.Regexp
	Timeout    time.Duration // of one poll
	MaxAge     time.Duration // how long a part of the answer stands while it cannot be had
	Rules      Rules
	Slices     func(context.Context) (map[[3]string]string, error) // UUIDs by driver, pool and device; nil asks nobody
}

// Client asks a kubelet. One goroutine uses it.
type Client struct {
	settings  Settings
	conn      *grpc.ClientConn
	podsConn  *grpc.ClientConn
	resources api.PodResourcesListerClient
	socket    fs.FileInfo

	allocatable kept[*api.AllocatableResourcesResponse]
	pods        kept[map[podKey]Pod]
	slices      kept[map[device]string]
}

// kept is a part of the answer. Its last good value stands while asking for it fails, until it is too old.
type kept[T any] struct {
	value T
	at    time.Time
}

func (k *kept[T]) or(value T, err error, now time.Time, maxAge time.Duration) T {
	if err == nil {
		k.value, k.at = value, now
	}
	if now.Sub(k.at) > maxAge {
		return value
	}
	return k.value
}

// Poll is what one round gave beside holders.
type Poll struct {
	Unreadable int   // ids in no known form
	Restarted  bool  // the socket is another one than at the last round
	Partial    error // why shares, UIDs, labels or slices are those of an earlier round, or missing
}

// New returns a client that has not connected yet.
func New(settings Settings) (*Client, error) {
	c := &Client{settings: settings}
	var err error
	if c.conn, err = dial(settings.Socket, maxResources); err != nil {
		return nil, err
	}
	c.resources = api.NewPodResourcesListerClient(c.conn)
	if settings.PodsSocket == "" {
		return c, nil
	}
	if c.podsConn, err = dial(settings.PodsSocket, maxPods); err != nil {
		return nil, errors.Join(err, c.conn.Close())
	}
	return c, nil
}

func dial(socket string, most int) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("unix://"+socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(most)),
		grpc.WithDisableServiceConfig(),
		// A kubelet that is back is asked at the next poll.
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, MaxDelay: time.Second}}),
	)
	if err != nil {
		return nil, fmt.Errorf("use socket %s: %w", socket, err)
	}
	return conn, nil
}

// Close ends the connections.
func (c *Client) Close() error {
	if c.podsConn == nil {
		return c.conn.Close()
	}
	return errors.Join(c.conn.Close(), c.podsConn.Close())
}

// Ask makes one round, within the timeout.
func (c *Client) Ask(ctx context.Context) (*holders.Answer, Poll, error) {
	ctx, cancel := context.WithTimeout(ctx, c.settings.Timeout)
	defer cancel()
	var poll Poll
	poll.Restarted = c.restarted()
	at := time.Now() // Who comes while the kubelet answers is in the next answer at the latest.
	list, err := c.resources.List(ctx, &api.ListPodResourcesRequest{})
	if err != nil {
		return nil, poll, fmt.Errorf("list pod resources: %w", err)
	}
	allocatable, allocatableErr := c.listAllocatable(ctx)
	pods, podsErr := c.listPods(ctx)
	slices, slicesErr := c.listSlices(ctx)
	poll.Partial = errors.Join(allocatableErr, podsErr, slicesErr)
	answer, unreadable := convert(c.settings.Rules, lists{
		resources:   list,
		allocatable: c.allocatable.or(allocatable, allocatableErr, at, c.settings.MaxAge),
		pods:        c.pods.or(pods, podsErr, at, c.settings.MaxAge),
		podsNow:     podsErr == nil,
		slices:      c.slices.or(slices, slicesErr, at, c.settings.MaxAge),
	}, at)
	poll.Unreadable = unreadable
	return answer, poll, nil
}

// listAllocatable returns nil where the kubelet does not have the call.
func (c *Client) listAllocatable(ctx context.Context) (*api.AllocatableResourcesResponse, error) {
	allocatable, err := c.resources.GetAllocatableResources(ctx, &api.AllocatableResourcesRequest{})
	if status.Code(err) == codes.Unimplemented {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get allocatable resources: %w", err)
	}
	return allocatable, nil
}

// restarted reports whether the socket has been recreated since the last round.
func (c *Client) restarted() bool {
	info, err := os.Stat(c.settings.Socket)
	if err != nil {
		return false
	}
	before := c.socket
	c.socket = info
	return before != nil && (!os.SameFile(before, info) || !before.ModTime().Equal(info.ModTime()))
}

func (c *Client) listPods(ctx context.Context) (map[podKey]Pod, error) {
	if c.podsConn == nil {
		return nil, nil
	}
	// The answer's fields stay as they came: an empty message keeps what it does not know.
	var answer emptypb.Empty
	if err := c.podsConn.Invoke(ctx, listPodsMethod, &emptypb.Empty{}, &answer); err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	return decodePods(answer.ProtoReflect().GetUnknown(), c.settings.Labels)
}

func (c *Client) listSlices(ctx context.Context) (map[device]string, error) {
	if c.settings.Slices == nil {
		return nil, nil
	}
	found, err := c.settings.Slices(ctx)
	if err != nil {
		return nil, fmt.Errorf("list resource slices: %w", err)
	}
	uuids := map[device]string{}
	for name, uuid := range found {
		uuids[device{name[0], name[1], name[2]}] = uuid
	}
	return uuids, nil
}
