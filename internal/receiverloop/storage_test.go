// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// keeper is a storage extension that remembers who opened it, or fails to open.
type keeper struct {
	component.StartFunc
	component.ShutdownFunc

	opened []string
	broken error
}

func (k *keeper) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	k.opened = append(k.opened, fmt.Sprintf("%s %s %q", kind, id, name))
	return storage.NewNopClient(), k.broken
}

func TestStorageIsOpenedForTheReceiver(t *testing.T) {
	id, own := component.MustNewID("file_storage"), component.MustNewIDWithName("dcgm", "a")
	kept := &keeper{}
	host := &pipelineHost{extensions: map[component.ID]component.Component{id: kept}}
	client, err := OpenStorage(t.Context(), host, &id, own)
	require.NoError(t, err)
	require.NotNil(t, client)
	require.Equal(t, []string{`Receiver dcgm/a ""`}, kept.opened)
	client, err = OpenStorage(t.Context(), host, nil, own)
	require.NoError(t, err)
	require.Nil(t, client)
}

func TestStorageThatCannotBeOpenedNamesItsKeyAndExtension(t *testing.T) {
	id := component.MustNewIDWithName("file_storage", "x")
	f := func(want string, extensions map[component.ID]component.Component) {
		t.Helper()
		client, err := OpenStorage(t.Context(), &pipelineHost{extensions: extensions}, &id, component.MustNewID("dcgm"))
		require.EqualError(t, err, want)
		require.Nil(t, client)
	}
	f(`"storage": extension "file_storage/x" is not among "service::extensions"`, nil)
	f(`"storage": extension "file_storage/x" is no storage extension`, map[component.ID]component.Component{id: struct{ component.Component }{}})
	f(`"storage": open extension "file_storage/x": disk is full`, map[component.ID]component.Component{id: &keeper{broken: errors.New("disk is full")}})
}
