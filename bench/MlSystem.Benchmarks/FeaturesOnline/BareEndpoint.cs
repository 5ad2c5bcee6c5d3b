using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace MlSystem.Benchmarks.FeaturesOnline;

/// <summary>What one would write by hand for these ten features: the same MGET by the same client library, a parsed body, an answer of the same form. No definitions, no checks, no errors.</summary>
internal static class BareEndpoint
{
    public const string Command = "features-online-bare";

    private const int Slots = 20 + 2;
    private static readonly string[] Features = [.. Enumerable.Range(0, 10).Select(i => $"f{i}")];

    public static async Task<int> RunAsync(int port, string redis)
    {
        var connection = await ConnectionMultiplexer.ConnectAsync(redis);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        app.MapGet("/health", () => "ok");
        app.MapPost("/get-online-features", (RequestDelegate)(http => ReadAsync(http, connection.GetDatabase())));
        await app.RunAsync();
        return 0;
    }

    private static async Task ReadAsync(HttpContext http, IDatabase database)
    {
        ReadResult read;
        while (!(read = await http.Request.BodyReader.ReadAsync(http.RequestAborted)).IsCompleted)
        {
            http.Request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        var (features, ids) = Parse(read.Buffer);
        http.Request.BodyReader.AdvanceTo(read.Buffer.End);
        var rows = await database.StringGetAsync([.. ids.Select(id => (RedisKey)string.Create(CultureInfo.InvariantCulture, $"fs:stats:{id}"))]);
        var answer = new ArrayBufferWriter<byte>(4096);
        Write(answer, features, ids, rows);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = answer.WrittenCount;
        await http.Response.BodyWriter.WriteAsync(answer.WrittenMemory, http.RequestAborted);
    }

    private static (List<int> Features, List<long> Ids) Parse(ReadOnlySequence<byte> body)
    {
        var json = new Utf8JsonReader(body);
        var (features, ids) = (new List<int>(), new List<long>());
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.String)
            {
                features.Add(Array.IndexOf(Features, json.GetString()!.Split(':')[1]));
            }
            else if (json.TokenType == JsonTokenType.Number)
            {
                ids.Add(json.GetInt64());
            }
        }

        return (features, ids);
    }

    private static void Write(ArrayBufferWriter<byte> output, List<int> features, List<long> ids, RedisValue[] rows)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteStartArray("feature_names");
        json.WriteStringValue("driver_id");
        features.ForEach(feature => json.WriteStringValue(Features[feature]));
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("results");
        var times = rows.Select(row => row.IsNull ? DateTime.UnixEpoch : DateTime.UnixEpoch.AddTicks((long)(BinaryPrimitives.ReadUInt64BigEndian(Bytes(row)) ^ (1UL << 63)) * 10)).ToArray();
        WriteColumn(json, rows, i => json.WriteNumberValue(ids[i]), _ => "PRESENT", _ => DateTime.UnixEpoch);
        foreach (var feature in features)
        {
            WriteColumn(json, rows, i => WriteValue(json, rows[i], feature), i => rows[i].IsNull ? "NOT_FOUND" : "PRESENT", i => times[i]);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteColumn(Utf8JsonWriter json, RedisValue[] rows, Action<int> value, Func<int, string> status, Func<int, DateTime> time)
    {
        json.WriteStartObject();
        json.WriteStartArray("values");
        for (var i = 0; i < rows.Length; i++)
        {
            value(i);
        }

        json.WriteEndArray();
        json.WriteStartArray("statuses");
        for (var i = 0; i < rows.Length; i++)
        {
            json.WriteStringValue(status(i));
        }

        json.WriteEndArray();
        json.WriteStartArray("event_timestamps");
        for (var i = 0; i < rows.Length; i++)
        {
            json.WriteStringValue(time(i));
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, RedisValue row, int feature)
    {
        if (row.IsNull)
        {
            json.WriteNullValue();
        }
        else
        {
            json.WriteNumberValue(BinaryPrimitives.ReadSingleLittleEndian(Bytes(row)[(Slots + (feature * sizeof(float)))..]));
        }
    }

    private static ReadOnlySpan<byte> Bytes(RedisValue row) => ((ReadOnlyMemory<byte>)row).Span;
}
