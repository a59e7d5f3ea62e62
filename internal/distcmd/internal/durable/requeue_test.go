// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/encoding/protowire"
)

var errKilled = errors.New("killed")

// disk is a storage extension whose transactions are kept while its process lives.
type disk struct {
	component.StartFunc
	component.ShutdownFunc

	mu    sync.Mutex
	data  map[string]string
	lives int // transactions until the process is killed
}

func (d *disk) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return d, nil
}

func (d *disk) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := d.Batch(ctx, op)
	return op.Value, err
}

func (d *disk) Set(ctx context.Context, key string, value []byte) error {
	return d.Batch(ctx, storage.SetOperation(key, value))
}

func (d *disk) Delete(ctx context.Context, key string) error {
	return d.Batch(ctx, storage.DeleteOperation(key))
}

func (d *disk) Batch(_ context.Context, ops ...*storage.Operation) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lives == 0 {
		return errKilled
	}
	d.lives--
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = nil
			if value, ok := d.data[op.Key]; ok {
				op.Value = []byte(value)
			}
		case storage.Set:
			d.data[op.Key] = string(op.Value)
		case storage.Delete:
			delete(d.data, op.Key)
		}
	}
	return nil
}

func (*disk) Close(context.Context) error { return nil }

// kill ends the process that writes to the disk, and returns what the disk holds.
func (d *disk) kill() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lives = 0
	return maps.Clone(d.data)
}

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// fileStorageOn is what the wrapped factory of file_storage makes of a disk.
func fileStorageOn(t *testing.T, d *disk) component.Component {
	t.Helper()
	factory := extension.NewFactory(fileStorage, func() component.Config { return nil },
		func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
			return d, nil
		},
		component.StabilityLevelBeta)
	factories, err := Wrap(func() (otelcol.Factories, error) {
		return otelcol.Factories{Extensions: map[component.Type]extension.Factory{fileStorage: factory}}, nil
	})()
	require.NoError(t, err)
	created, err := factories.Extensions[fileStorage].Create(t.Context(), extensiontest.NewNopSettings(fileStorage), nil)
	require.NoError(t, err)
	return created
}

// startQueue starts an exporter of logs with upstream's persistent queue on that disk.
func startQueue(t *testing.T, d *disk, push func(string) error) exporter.Logs {
	t.Helper()
	id := component.NewID(fileStorage)
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.StorageID = &id
	e, err := exporterhelper.NewLogs(t.Context(), exportertest.NewNopSettings(component.MustNewType("test")), &struct{}{},
		func(_ context.Context, logs plog.Logs) error {
			return push(logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str())
		}, exporterhelper.WithQueue(configoptional.Some(queue)))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), host{id: fileStorageOn(t, d)}))
	return e
}

func logsOf(body string) plog.Logs {
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(body)
	return logs
}

const records = 5

// underWay is what the disk of a process holds that is killed while all records are under way.
func underWay(t *testing.T) map[string]string {
	t.Helper()
	d, release := &disk{data: map[string]string{}, lives: -1}, make(chan struct{})
	e := startQueue(t, d, func(string) error { <-release; return nil })
	for i := range records {
		require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(strconv.Itoa(i))))
	}
	synctest.Wait()
	left := d.kill()
	close(release)
	require.NoError(t, e.Shutdown(t.Context()))
	return left
}

// diesAtStart starts a process that is killed after so many transactions, and returns what the
// disk holds then, and whether its process would have had more to do.
func diesAtStart(t *testing.T, data map[string]string, lives int) (left map[string]string, killed bool) {
	t.Helper()
	d, release := &disk{data: maps.Clone(data), lives: lives}, make(chan struct{})
	e := startQueue(t, d, func(string) error { <-release; return nil })
	synctest.Wait()
	killed = d.lives == 0
	left = d.kill()
	close(release)
	require.NoError(t, e.Shutdown(t.Context()))
	return left, killed
}

func delivered(t *testing.T, data map[string]string) map[string]bool {
	t.Helper()
	var mu sync.Mutex
	got := map[string]bool{}
	e := startQueue(t, &disk{data: data, lives: -1}, func(body string) error {
		mu.Lock()
		defer mu.Unlock()
		got[body] = true
		return nil
	})
	synctest.Wait()
	require.NoError(t, e.Shutdown(t.Context()))
	return got
}

func TestKillAtAnyMomentOfTheStartLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := underWay(t)
		for lives, killed := 0, true; killed; lives++ {
			var once map[string]string
			once, killed = diesAtStart(t, left, lives)
			require.Len(t, delivered(t, once), records, "killed after %d transactions", lives)
		}
	})
}

func TestItemsUnderWayAreMovedInOneTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{data: underWay(t), lives: -1}
		moved, err := requeue(t.Context(), d)
		require.NoError(t, err)
		require.Equal(t, records, moved)
		require.Len(t, d.data, records+1)
		q, err := parseState([]byte(d.data[stateKey]))
		require.NoError(t, err)
		require.Empty(t, q.dispatched)
		require.EqualValues(t, 2*records, q.writeIndex)
	})
}

func TestQueueWithNothingUnderWayIsLeftAlone(t *testing.T) {
	for _, data := range []map[string]string{{}, {stateKey: string((&state{writeIndex: 3}).marshal()), "2": "item"}} {
		d := &disk{data: maps.Clone(data), lives: -1}
		moved, err := requeue(t.Context(), d)
		require.NoError(t, err)
		require.Zero(t, moved)
		require.Equal(t, data, d.data)
	}
}

func TestStateThatIsNotUnderstoodIsLeftAlone(t *testing.T) {
	for name, encoded := range map[string][]byte{
		"no message":      {0xff},
		"cut off":         protowire.AppendTag(nil, writeIndex, protowire.Fixed64Type),
		"index of a kind": protowire.AppendVarint(protowire.AppendTag(nil, writeIndex, protowire.VarintType), 1),
		"odd list":        protowire.AppendBytes(protowire.AppendTag(nil, dispatched, protowire.BytesType), []byte("odd")),
	} {
		t.Run(name, func(t *testing.T) {
			d := &disk{data: map[string]string{stateKey: string(encoded)}, lives: -1}
			_, err := requeue(t.Context(), d)
			require.Error(t, err)
			require.Equal(t, string(encoded), d.data[stateKey])
			_, err = requeuingStorage{Extension: d, logger: componenttest.NewNopTelemetrySettings().Logger}.
				GetClient(t.Context(), component.KindExporter, component.NewID(fileStorage), "logs")
			require.NoError(t, err)
		})
	}
}
