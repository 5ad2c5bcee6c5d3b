using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.Monitor.Ingestion;

namespace MlSystem.Monitor.History;

/// <summary>One prediction with its newest outcome. The Parquet answer has the same columns; objects are JSON texts there.</summary>
public sealed record HistoryRow
{
    /// <summary><c>{request_id}/{row}</c>.</summary>
    public required string PredictionId { get; init; }

    public required string RequestId { get; init; }

    public required int Row { get; init; }

    public string? ClientId { get; init; }

    public required string Endpoint { get; init; }

    public required string Model { get; init; }

    public required int Version { get; init; }

    public required string Variant { get; init; }

    public required string Role { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>Input → value of this row (an array for inputs with more than one value a row); empty when the request was not sampled.</summary>
    public required JsonElement Inputs { get; init; }

    public required JsonElement JoinKeys { get; init; }

    public required JsonElement Outputs { get; init; }

    /// <summary>Of the whole request.</summary>
    public required long LatencyUs { get; init; }

    public double? OldestFeatureAgeSeconds { get; init; }

    /// <summary>The endpoint's revision that was served; absent for predictions of logs that did not tell it.</summary>
    public long? EndpointRevision { get; init; }

    /// <summary>Role shadow: the request id of the live prediction that this one mirrors, row by row.</summary>
    public string? PairedRequestId { get; init; }

    public JsonElement? Label { get; init; }

    public DateTimeOffset? LabelTime { get; init; }

    public double? Reward { get; init; }

    public DateTimeOffset? RewardTime { get; init; }

    internal static HistoryRow Read(DbDataReader reader) => new()
    {
        PredictionId = reader.GetString(0),
        RequestId = reader.GetString(1),
        Row = reader.GetInt32(2),
        ClientId = reader.IsDBNull(3) ? null : reader.GetString(3),
        Endpoint = reader.GetString(4),
        Model = reader.GetString(5),
        Version = reader.GetInt32(6),
        Variant = reader.GetString(7),
        Role = reader.GetString(8),
        Time = Moment(reader, 9),
        Inputs = Json(reader, 10),
        JoinKeys = Json(reader, 11),
        Outputs = Json(reader, 12),
        LatencyUs = reader.GetInt64(13),
        OldestFeatureAgeSeconds = reader.IsDBNull(14) ? null : reader.GetDouble(14),
        EndpointRevision = reader.IsDBNull(15) ? null : reader.GetInt64(15),
        PairedRequestId = reader.IsDBNull(16) ? null : reader.GetString(16),
        Label = reader.IsDBNull(17) ? null : Json(reader, 17),
        LabelTime = reader.IsDBNull(18) ? null : Moment(reader, 18),
        Reward = reader.IsDBNull(19) ? null : reader.GetDouble(19),
        RewardTime = reader.IsDBNull(20) ? null : Moment(reader, 20),
    };

    private static DateTimeOffset Moment(DbDataReader reader, int column) => new(DateTime.SpecifyKind(reader.GetDateTime(column), DateTimeKind.Utc));

    private static JsonElement Json(DbDataReader reader, int column) => JsonSerializer.Deserialize(reader.GetString(column), MonitorJson.Default.JsonElement);
}

/// <summary>One page of history.</summary>
public sealed record HistoryPage
{
    public required IReadOnlyList<HistoryRow> Rows { get; init; }

    /// <summary>Pass as <c>cursor</c> to continue; absent on the last page.</summary>
    public string? NextCursor { get; init; }
}

/// <summary>JSON of the history's answers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(HistoryPage))]
public sealed partial class HistoryJson : JsonSerializerContext;
