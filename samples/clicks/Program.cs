using System.Globalization;
using System.Text;
using MlSystem.Samples.Clicks;

// dotnet run --project samples/clicks -- [--url http://127.0.0.1:8080] [--seed 7] [--users 200] [--hours 48] [--to 2026-03-03T00:00:00Z] [--api-key KEY]
var options = args.Chunk(2).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
string Option(string name, string fallback) => options.TryGetValue(name, out var value) ? value : fallback;
int Number(string name, string fallback) => int.Parse(Option(name, fallback), CultureInfo.InvariantCulture);

var to = DateTimeOffset.Parse(Option("--to", "2026-03-03T00:00:00Z"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
var stream = new ClickStream(Number("--seed", "7"), Number("--users", "200"));
using var http = new HttpClient { BaseAddress = new Uri(Option("--url", "http://127.0.0.1:8080")) };
if (options.TryGetValue("--api-key", out var key))
{
    http.DefaultRequestHeaders.Add("X-Api-Key", key);
}

var sent = 0;
foreach (var clicks in stream.Between(to.AddHours(-Number("--hours", "48")), to).Chunk(500))
{
    using var body = new StringContent(Pushes.Of(clicks), Encoding.UTF8, "application/json");
    using var response = await http.PostAsync("/push", body);
    if (!response.IsSuccessStatusCode)
    {
        Console.Error.WriteLine($"/push answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        return 1;
    }

    sent += clicks.Length;
}

Console.WriteLine($"Pushed {sent} clicks.");
return 0;
