namespace MlSystem.Samples.Clicks;

/// <summary>One click of a visitor in a shop.</summary>
/// <param name="Amount">What was paid, in euros; null where nothing was bought.</param>
public sealed record Click(string User, DateTimeOffset At, string Page, double? Amount);

/// <summary>
/// A stream of clicks, the same for the same seed: visitors come in sessions of some clicks seconds apart, more of them by day; one click in twelve buys.
/// Clicks come in the order in which a server would get them: one in twenty is up to eight seconds late.
/// </summary>
public sealed class ClickStream(int seed, int users)
{
    private static readonly string[] Pages = ["/", "/search", "/product/lamp", "/product/chair", "/product/desk", "/product/rug", "/cart", "/checkout"];

    /// <param name="from">Inclusive.</param>
    /// <param name="to">Exclusive.</param>
    public IEnumerable<Click> Between(DateTimeOffset from, DateTimeOffset to)
    {
        var random = new Random(seed);
        var waiting = new PriorityQueue<Click, DateTimeOffset>();
        for (var session = from; session < to; session += TimeSpan.FromSeconds(random.Next(1, session.Hour is >= 8 and < 22 ? 30 : 240)))
        {
            while (waiting.TryPeek(out _, out var arrives) && arrives <= session)
            {
                yield return waiting.Dequeue();
            }

            var at = session;
            var user = $"user-{Visitor(random):D4}";
            for (var clicks = random.Next(1, 12); clicks > 0 && at < to; clicks--, at += TimeSpan.FromMilliseconds(random.Next(500, 20_000)))
            {
                var buys = random.Next(12) == 0;
                var click = new Click(user, at, buys ? "/checkout" : Pages[random.Next(Pages.Length - 1)], buys ? random.Next(500, 20_000) / 100.0 : null);
                waiting.Enqueue(click, random.Next(20) == 0 ? at + TimeSpan.FromMilliseconds(random.Next(8_000)) : at);
            }
        }

        while (waiting.Count > 0)
        {
            yield return waiting.Dequeue();
        }
    }

    /// <summary>Few visitors come often.</summary>
    private int Visitor(Random random) => (int)(users * Math.Pow(random.NextDouble(), 3));
}
