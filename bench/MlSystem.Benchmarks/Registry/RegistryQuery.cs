using System.Globalization;
using Npgsql;

namespace MlSystem.Benchmarks.Registry;

/// <summary>One kind of question to the registry and the statements that bring the same rows by hand.</summary>
/// <param name="TargetMs">For the 99th percentile.</param>
/// <param name="Request">Of the i-th question.</param>
/// <param name="Sql">Brings the page, with the ids of its rows in the first column; takes the i-th value as <c>$1</c>.</param>
/// <param name="Details">What belongs to the page's rows; they take the ids as <c>$1</c>.</param>
internal sealed record RegistryQuery(string Name, double TargetMs, Func<int, HttpRequestMessage> Request, string Sql, Func<int, object> Value, IReadOnlyList<string> Details)
{
    public async Task AskAsync(HttpClient http, int i)
    {
        using var request = Request(i);
        using var answer = await http.SendAsync(request);
        var body = await answer.Content.ReadAsByteArrayAsync();
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{Name}: {(int)answer.StatusCode} {System.Text.Encoding.UTF8.GetString(body)}"));
        }
    }

    /// <summary>Two round trips: the page, then all that belongs to it.</summary>
    public async Task ReadAsync(NpgsqlConnection connection, int i)
    {
        var ids = new List<object>();
        await using (var command = new NpgsqlCommand(Sql, connection) { Parameters = { new() { Value = Value(i) } } })
        {
            await ReadAsync(command, row => ids.Add(row.GetValue(0)));
        }

        if (Details.Count == 0 || ids.Count == 0)
        {
            return;
        }

        object keys = ids[0] is string ? ids.Cast<string>().ToArray() : ids.Cast<long>().Distinct().ToArray();
        await using var batch = new NpgsqlBatch(connection);
        foreach (var sql in Details)
        {
            batch.BatchCommands.Add(new(sql) { Parameters = { new() { Value = keys } } });
        }

        await using var reader = await batch.ExecuteReaderAsync();
        do
        {
            while (await reader.ReadAsync())
            {
                Values(reader);
            }
        }
        while (await reader.NextResultAsync());
    }

    private static async Task ReadAsync(NpgsqlCommand command, Action<NpgsqlDataReader> found)
    {
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            Values(reader);
            found(reader);
        }
    }

    private static void Values(NpgsqlDataReader reader)
    {
        for (var column = 0; column < reader.FieldCount; column++)
        {
            reader.GetValue(column);
        }
    }
}
