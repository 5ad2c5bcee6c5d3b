using System.Collections.Concurrent;
using System.Net;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Versions;

/// <summary>The versions in this replica's memory. Each is loaded once however many ask for it, and one's failure is its own.</summary>
public sealed partial class ResidentVersions(VersionLoader loader, VersionMetrics metrics, ILogger<ResidentVersions> logger) : IDisposable
{
    private readonly ConcurrentDictionary<VersionKey, Residence> _versions = new();
    private readonly ConcurrentDictionary<VersionKey, LoadFailure> _failures = new();

    // Members of graphs that are being loaded: nothing else holds them yet.
    private readonly ConcurrentDictionary<(VersionKey Graph, VersionKey Member), bool> _membersOfLoading = new();

    // Loading belongs to the server, not to the request that asked first: it goes on when that one gives up.
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Versions that could not be loaded when last tried.</summary>
    public IReadOnlyDictionary<VersionKey, LoadFailure> Failures => _failures;

    /// <summary>Rows of the largest batch that the endpoints allow a version. Set by who knows the endpoints.</summary>
    internal Func<VersionKey, int> LargestBatch { get; set; } = _ => 1;

    /// <summary>Versions that are loaded and warm.</summary>
    public IEnumerable<LoadedVersion> Ready => _versions.Values.Select(residence => residence.Version).OfType<LoadedVersion>();

    /// <summary>The version if it is loaded and warm.</summary>
    public LoadedVersion? Find(VersionKey key) => _versions.GetValueOrDefault(key)?.Version;

    /// <summary>The resident version, loaded when it is not there; a failed load is tried anew by the next call.</summary>
    public async Task<LoadedVersion> GetAsync(VersionKey key, CancellationToken cancellationToken)
    {
        var residence = _versions.GetOrAdd(key, static _ => new Residence());
        if (residence.TryStart())
        {
            _ = Task.Run(() => LoadAsync(key, residence), _stopping.Token);
        }

        return residence.Version ?? await residence.Loaded.WaitAsync(cancellationToken);
    }

    /// <summary>Lets go of all versions but these; what is in use is freed when its last request is answered.</summary>
    public void RetainOnly(IReadOnlySet<VersionKey> keep)
    {
        var needed = Ready.Where(version => keep.Contains(version.Key)).SelectMany(version => version.Needs).Concat(_membersOfLoading.Keys.Select(pair => pair.Member)).ToHashSet();
        foreach (var version in Ready.Where(version => !needed.Contains(version.Key)))
        {
            Drop(version.Key);
        }

        foreach (var key in _failures.Keys.Where(key => !keep.Contains(key)))
        {
            _failures.TryRemove(key, out _);
        }
    }

    /// <summary>Lets go of a version; when it is in use it is freed with its last request.</summary>
    public void Drop(VersionKey key)
    {
        if (Find(key) is { } version && _versions.TryRemove(key, out _))
        {
            LogDropped(key.Model, key.Version);
            version.Release();
        }
    }

    /// <summary>Forgets why a version could not be loaded: nobody asks for it any more until the next request does.</summary>
    public void Forgive(VersionKey key) => _failures.TryRemove(key, out _);

    public void Dispose()
    {
        _stopping.Cancel();
        RetainOnly(new HashSet<VersionKey>());
        _stopping.Dispose();
    }

    private async Task LoadAsync(VersionKey key, Residence residence)
    {
        try
        {
            var version = await loader.LoadAsync(key, LargestBatch(key), (member, token) => GetMemberAsync(key, member, token), _stopping.Token);
            UseClock.Tick();
            metrics.Loaded();
            _failures.TryRemove(key, out _);
            residence.Succeed(version);

            // Loading was over before the server stopped, and the table may have been emptied since.
            if (_stopping.IsCancellationRequested)
            {
                Drop(key);
            }
        }
        catch (Exception error)
        {
            metrics.Failed();
            _failures[key] = new LoadFailure(error.Message, IsPermanent(error));
            _versions.TryRemove(new KeyValuePair<VersionKey, Residence>(key, residence));

            // Anybody may ask for a number that never was: no fault of this server's.
            LogFailed(error is VersionUnknownException ? LogLevel.Information : LogLevel.Error, key.Model, key.Version, error.Message);
            residence.Fail(error);
        }
        finally
        {
            foreach (var pair in _membersOfLoading.Keys.Where(pair => pair.Graph == key))
            {
                _membersOfLoading.TryRemove(pair, out _);
            }
        }
    }

    private Task<LoadedVersion> GetMemberAsync(VersionKey graph, VersionKey member, CancellationToken cancellationToken)
    {
        _membersOfLoading[(graph, member)] = true;
        return GetAsync(member, cancellationToken);
    }

    /// <summary>What the registry refuses stays refused until its content changes; what did not reach it may pass.</summary>
    private static bool IsPermanent(Exception error) =>
        error is ModelRefusedException or VersionUnknownException or HttpRequestException { StatusCode: >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError };

    [LoggerMessage(Message = "{Model} version {Version} can't be served: {Reason}")]
    private partial void LogFailed(LogLevel level, string model, int version, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Model} version {Version} leaves memory")]
    private partial void LogDropped(string model, int version);

    /// <summary>A version's place in memory, from the first wish for it on.</summary>
    private sealed class Residence
    {
        private readonly TaskCompletionSource<LoadedVersion> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile LoadedVersion? _version;
        private int _started;

        public LoadedVersion? Version => _version;

        public Task<LoadedVersion> Loaded => _loaded.Task;

        /// <summary>True for exactly one caller.</summary>
        public bool TryStart() => Interlocked.Exchange(ref _started, 1) == 0;

        public void Succeed(LoadedVersion version)
        {
            _version = version;
            _loaded.SetResult(version);
        }

        public void Fail(Exception error)
        {
            _loaded.SetException(error);

            // Whoever waited has been told; a load that nobody waits for any more is no unobserved exception.
            _ = _loaded.Task.Exception;
        }
    }
}

/// <summary>Why a version is not resident.</summary>
/// <param name="Permanent">Whether trying again is useless until the registry's content changes.</param>
public sealed record LoadFailure(string Reason, bool Permanent);
