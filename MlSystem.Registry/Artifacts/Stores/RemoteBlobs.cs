using System.Runtime.CompilerServices;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>A store behind a network: while it is away or refuses, every call fails with an answer that says so and not with what its client throws.</summary>
internal sealed class RemoteBlobs(IBlobBackend store) : IBlobBackend, IDisposable
{
    public Task OpenAsync(CancellationToken cancellationToken) => store.OpenAsync(cancellationToken);

    public Task PublishAsync(string file, Blob blob, CancellationToken cancellationToken) =>
        CallAsync(() => DoneAsync(store.PublishAsync(file, blob, cancellationToken)), cancellationToken);

    public Task<Stream> OpenReadAsync(string sha256, long offset, CancellationToken cancellationToken) =>
        CallAsync(() => store.OpenReadAsync(sha256, offset, cancellationToken), cancellationToken);

    public Task<long?> SizeAsync(string sha256, CancellationToken cancellationToken) => CallAsync(() => store.SizeAsync(sha256, cancellationToken), cancellationToken);

    public Task DeleteAsync(string sha256, CancellationToken cancellationToken) =>
        CallAsync(() => DoneAsync(store.DeleteAsync(sha256, cancellationToken)), cancellationToken);

    public async IAsyncEnumerable<StoredBlob> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var blobs = store.ListAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await CallAsync(() => blobs.MoveNextAsync().AsTask(), cancellationToken))
        {
            yield return blobs.Current;
        }
    }

    public void Dispose() => (store as IDisposable)?.Dispose();

    private static async Task<T> CallAsync<T>(Func<Task<T>> callAsync, CancellationToken cancellationToken)
    {
        try
        {
            return await callAsync();
        }
        catch (Exception error) when (StoreFailure.IsOne(error, cancellationToken))
        {
            throw StoreFailure.Answer(error);
        }
    }

    private static async Task<bool> DoneAsync(Task call)
    {
        await call;
        return true;
    }
}
