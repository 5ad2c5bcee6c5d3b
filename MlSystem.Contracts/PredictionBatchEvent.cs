namespace MlSystem.Contracts;

/// <summary>
/// Answered inference requests of one endpoint revision, variant, version and role, as columns: entry i of every list, and
/// key i of every sparse map, belongs to request i. A prediction's id is <c>{request_id}/{row}</c>, rows from 0.
/// </summary>
public sealed record PredictionBatchEvent
{
    /// <summary>UUIDv7, also the event's id and key. A batch never changes: who has seen its id has seen its requests.</summary>
    public required string BatchId { get; init; }

    public required string Endpoint { get; init; }

    /// <summary>The revision of the endpoint that was served.</summary>
    public required long EndpointRevision { get; init; }

    public required string Model { get; init; }

    public required int Version { get; init; }

    public required string Variant { get; init; }

    /// <summary>One of <see cref="VariantRole"/>.</summary>
    public required string Role { get; init; }

    /// <summary>When the earliest of the requests came, whole microseconds.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>UUIDv7 made by the server.</summary>
    public required IReadOnlyList<string> RequestIds { get; init; }

    /// <summary>Role shadow: the request id of the live request that each one mirrors. Null where the role is live.</summary>
    public IReadOnlyList<string>? PairedRequestIds { get; init; }

    /// <summary>The clients' own ids, not trusted to be unique; only of requests that have one.</summary>
    public IReadOnlyDictionary<int, string>? ClientIds { get; init; }

    /// <summary>When each request came, microseconds behind <see cref="Time"/>.</summary>
    public required IReadOnlyList<long> TimeOffsetsMicroseconds { get; init; }

    /// <summary>Rows of each request; null: one each.</summary>
    public IReadOnlyList<int>? Rows { get; init; }

    public required IReadOnlyList<long> LatenciesMicroseconds { get; init; }

    /// <summary>Age of the oldest looked-up feature; only of requests for which any was looked up.</summary>
    public IReadOnlyDictionary<int, double>? OldestFeatureAgesSeconds { get; init; }

    /// <summary>Model inputs, looked-up ones included; empty when these requests were not sampled.</summary>
    public required IReadOnlyDictionary<string, BatchColumn> Inputs { get; init; }

    public required IReadOnlyDictionary<string, BatchColumn> JoinKeys { get; init; }

    public required IReadOnlyDictionary<string, BatchColumn> Outputs { get; init; }
}

/// <summary>One tensor of many requests.</summary>
public sealed record BatchColumn
{
    /// <summary>Of the Open Inference Protocol. A hashed column is BYTES, whatever the tensor was.</summary>
    public required string Datatype { get; init; }

    /// <summary>Shape of the tensor in each request; -1 stands for the request's rows.</summary>
    public required IReadOnlyList<long> Shape { get; init; }

    /// <summary>Shapes of the requests where it is another.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<long>>? Shapes { get; init; }

    /// <summary>Requests that do not have this tensor, ascending; the data has nothing for them.</summary>
    public IReadOnlyList<int>? Absent { get; init; }

    /// <summary>
    /// The elements of all requests, one request behind the other, as the protocol's raw form: little-endian, row-major; BYTES
    /// elements each behind a 4-byte length. NaN and the empty byte string are missing values. Base64 in JSON.
    /// </summary>
    public required ReadOnlyMemory<byte> Data { get; init; }
}
