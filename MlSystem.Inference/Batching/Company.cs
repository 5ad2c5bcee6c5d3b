namespace MlSystem.Inference.Batching;

/// <summary>
/// Expects whether a request that finds an instance idle had better not run at once. Requests of many connections arrive together,
/// but are read one after the other: if the first runs where it is, the others find the instance idle again and each runs alone.
/// Where sharing a run is worthwhile, a request is therefore queued as long as those queued before it were not alone in their runs:
/// the run begins when a thread gets to it, with all that were read by then. Nothing is waited for. After some runs alone, requests
/// run at once; one in a few is queued to see whether that is still so.
/// </summary>
/// <remarks>Races between threads lose a count now and then, which costs one request its better way and nothing else.</remarks>
public sealed class Company
{
    /// <summary>Runs of a single request after which none is expected to come along.</summary>
    public const int EnoughAlone = 4;

    /// <summary>While none is expected, one request in so many is queued.</summary>
    public const int TryEvery = 16;

    private int _alone = EnoughAlone;
    private int _atOnce;

    /// <summary>Whether a shared run saves more than queueing costs.</summary>
    public bool IsWorthwhile { get; set; }

    /// <summary>Whether others are expected to be in the run of a request that comes now.</summary>
    public bool IsExpected()
    {
        if (!IsWorthwhile)
        {
            return false;
        }

        if (_alone < EnoughAlone)
        {
            return true;
        }

        _atOnce = (_atOnce + 1) % TryEvery;
        return _atOnce == 0;
    }

    /// <summary>Tells how many requests were in a run of queued ones; 0 where all had left.</summary>
    public void Met(int requests)
    {
        if (requests > 1)
        {
            _alone = 0;
        }
        else if (requests == 1 && _alone < EnoughAlone)
        {
            _alone++;
        }
    }
}
