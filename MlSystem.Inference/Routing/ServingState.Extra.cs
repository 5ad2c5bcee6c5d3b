using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Routing;

// Versions that are asked for by number and are no endpoint's variant.
public sealed partial class ServingState
{
    /// <summary>A version outside the endpoints' variants, loaded on first use and kept while recently used. One that can't be loaded leaves no trace and pushes no other out.</summary>
    public Task<LoadedVersion> GetExtraAsync(VersionKey key, CancellationToken cancellationToken) => GetExtraAsync(key).WaitAsync(cancellationToken);

    /// <summary>Belongs to the server: it goes on when the caller gives up.</summary>
    private async Task<LoadedVersion> GetExtraAsync(VersionKey key)
    {
        while (true)
        {
            var version = await LoadExtraAsync(key);
            bool evicts;
            lock (_lock)
            {
                // Nothing keeps it before it is among the recent ones: it may have left between.
                if (_residents.Find(key) != version)
                {
                    continue;
                }

                evicts = _extra.Touch(key);
            }

            if (evicts)
            {
                Publish();
            }

            return version;
        }
    }

    private async Task<LoadedVersion> LoadExtraAsync(VersionKey key)
    {
        try
        {
            return await _residents.GetAsync(key, CancellationToken.None);
        }
        catch
        {
            lock (_lock)
            {
                if (!_desired.Values.Any(endpoint => RoutePlan.Keys(endpoint).Contains(key)))
                {
                    _residents.Forgive(key);
                }
            }

            throw;
        }
    }
}
