using System.Text;
using System.Text.Json;
using MlSystem.Inference.Admission;
using Microsoft.Extensions.Primitives;
using MlSystem.Inference.Caching;
using MlSystem.Inference.Bandits;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Protocols.Grpc.First;
using MlSystem.Inference.Versions;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Routing;

/// <summary>What this replica serves, by endpoint name. Immutable: a change makes another table, and requests under way keep theirs.</summary>
public sealed class RoutingTable
{
    public static readonly RoutingTable Empty = new(Array.Empty<EndpointRoute>());

    // Never changed once it is here. Copying it for one endpoint's change takes 20 µs at 2,000 endpoints; a frozen one would be built anew.
    private readonly Dictionary<string, EndpointRoute> _endpoints;

    public RoutingTable(IEnumerable<EndpointRoute> endpoints)
        : this(endpoints.ToDictionary(endpoint => endpoint.Name, StringComparer.Ordinal))
    {
    }

    private RoutingTable(Dictionary<string, EndpointRoute> endpoints) => _endpoints = endpoints;

    public IReadOnlyDictionary<string, EndpointRoute> Endpoints => _endpoints;

    /// <summary>The same with another route for some endpoints.</summary>
    public RoutingTable With(IEnumerable<EndpointRoute> routes)
    {
        var endpoints = new Dictionary<string, EndpointRoute>(_endpoints, StringComparer.Ordinal);
        foreach (var route in routes)
        {
            endpoints[route.Name] = route;
        }

        return new RoutingTable(endpoints);
    }
}

/// <summary>One endpoint as this replica serves it.</summary>
public sealed record EndpointRoute
{
    /// <summary>The revision that is served; older than the registry's newest when that one can't be served.</summary>
    public required Endpoint Endpoint { get; init; }

    /// <summary>The registry's newest revision.</summary>
    public required Endpoint Wanted { get; init; }

    public string Name => Endpoint.Name;

    /// <summary>Live variants whose version is resident. Empty when the endpoint can't be served.</summary>
    public required IReadOnlyList<RoutedVariant> Live { get; init; }

    /// <summary>Shadow variants whose version is resident; their weight is the share of the requests that they get a copy of.</summary>
    public IReadOnlyList<RoutedVariant> Shadows { get; init; } = [];

    /// <summary>Chooses among the live variants where there are several.</summary>
    public TrafficPolicy Policy { get; init; } = StaticPolicy.Instance;

    /// <summary>Why the policy does not do what it is meant to, though requests are served; or null.</summary>
    public string? PolicyProblem { get; init; }

    /// <summary>What a request is read into before an input chooses its variant; null: the tensors of any variant.</summary>
    public MergedInputs? Merged { get; init; }

    /// <summary>The endpoint's last choices on this replica.</summary>
    public RecentChoices Recent { get; init; } = new();

    /// <summary>Answers that are kept; null when the endpoint wants none.</summary>
    public ResponseCache? Cache { get; init; }

    /// <summary>Its versions are not in memory; the first request loads them.</summary>
    public bool IsAsleep { get; init; }

    /// <summary>Why a part of the endpoint or all of it is not served, by variant name (empty name: the endpoint).</summary>
    public required IReadOnlyDictionary<string, string> Problems { get; init; }

    /// <summary>Bounds how many requests run and wait at once.</summary>
    public required EndpointGate Gate { get; init; }

    /// <summary>Counts a choice that is final.</summary>
    public void Count(RoutedVariant variant, ChoiceReason reason)
    {
        if (reason != ChoiceReason.Only)
        {
            variant.Choices.Add(reason);
            Recent.Add(variant.Tag);
        }
    }

    /// <summary>Chooses by weight.</summary>
    /// <param name="uniform">In [0, 1).</param>
    public RoutedVariant Choose(double uniform)
    {
        if (Live.Count == 1)
        {
            return Live[0];
        }

        var point = uniform * Live[^1].UpperWeight;
        foreach (var variant in Live)
        {
            if (point < variant.UpperWeight)
            {
                return variant;
            }
        }

        return Live[^1];
    }
}

/// <summary>One variant with its resident version.</summary>
public sealed class RoutedVariant(string endpoint, string name, LoadedVersion version, double upperWeight, VariantStatistics statistics)
{
    private VariantQueue? _queue;

    public string Endpoint { get; } = endpoint;

    public string Name { get; } = name;

    public LoadedVersion Version { get; } = version;

    /// <summary>Sum of the live weights up to and including this variant's.</summary>
    public double UpperWeight { get; } = upperWeight;

    /// <summary>Live: its share of the traffic relative to the others'. Shadow: its share of the requests, 0 to 1.</summary>
    public double Weight { get; init; }

    /// <summary>Its part of sticky hashes.</summary>
    public ulong Hash { get; } = Rendezvous.OfVariant(name);

    /// <summary>What the ids of its predictions carry.</summary>
    public required ushort Tag { get; init; }

    public required VariantChoices Choices { get; init; }

    /// <summary>What a bandit knows of it.</summary>
    public required BanditArm Arm { get; init; }

    public VariantStatistics Statistics { get; } = statistics;

    /// <summary>Model name and version as the first members of an answer's JSON object.</summary>
    public byte[] JsonHead { get; } = Encoding.UTF8.GetBytes($"{{\"model_name\":\"{JsonEncodedText.Encode(endpoint)}\",\"model_version\":\"{JsonEncodedText.Encode(version.VersionText)}\"");

    /// <summary>What follows the request id in an answer's JSON parameters.</summary>
    public byte[] JsonVariant { get; } = Encoding.UTF8.GetBytes($"\",\"variant\":\"{JsonEncodedText.Encode(name)}\"");

    /// <summary>Model name, version and the parameter <c>variant</c> as the first fields of an answer's protobuf message.</summary>
    public byte[] GrpcHead { get; } = ProtoWriter.Fields(
        (1, Encoding.UTF8.GetBytes(endpoint)),
        (2, Encoding.UTF8.GetBytes(version.VersionText)),
        (4, ProtoWriter.Fields((1, "variant"u8.ToArray()), (2, ProtoWriter.Fields((3, Encoding.UTF8.GetBytes(name)))))));

    /// <summary>Where its requests wait for and find their runs.</summary>
    public VariantQueue Queue(EndpointRoute route, BatchingOptions options)
    {
        if (Volatile.Read(ref _queue) is { } queue && queue.Gate == route.Gate)
        {
            return queue;
        }

        var settings = BatchSettings.Of(route.Endpoint.Batching, route.Endpoint.Limits, options);
        queue = Version.Engine.QueueFor(settings, route.Gate, Statistics.Runs, route.Endpoint.Revision);
        Volatile.Write(ref _queue, queue);
        return queue;
    }

    public StringValues NameHeader { get; } = name;

    public StringValues VersionHeader { get; } = version.VersionText;
}
