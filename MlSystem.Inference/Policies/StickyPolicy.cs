using System.Text;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Policies;

/// <summary>The same key always to the same variant, in shares by weight; requests without a key by weight.</summary>
public sealed class StickyPolicy(string endpoint, StickyKey key) : TrafficPolicy
{
    private const int MaxKeyOnStack = 256;
    private readonly ulong _seed = Rendezvous.Seed(endpoint);

    public override string? Input => key.Place == KeyPlace.Input ? key.Name : null;

    public override Choice Choose(EndpointRoute route, CallerKeys caller, RandomSource random)
    {
        if (key.Place == KeyPlace.Input)
        {
            return ByWeight(route, random, ChoiceReason.NoKey) with { AwaitsInputs = true };
        }

        return caller.Find(key) is { } text ? ByKey(route.Live, text) : ByWeight(route, random, ChoiceReason.NoKey);
    }

    public override Choice ChooseByInputs(EndpointRoute route, TensorSet inputs, RandomSource random)
    {
        // A route that came in between may be sticky by a header, which is gone by now.
        var tensor = key.Place != KeyPlace.Input ? null
            : Array.Find(inputs.Inputs, input => input.Info.Name == key.Name) ?? Array.Find(inputs.JoinKeys, column => column.Info.Name == key.Name);
        if (tensor is not { IsPresent: true, Count: > 0 })
        {
            return ByWeight(route, random, ChoiceReason.NoKey);
        }

        if (!InputKeys.AreEqual(tensor))
        {
            return ByWeight(route, random, ChoiceReason.MixedKey);
        }

        Span<byte> number = stackalloc byte[InputKeys.MaxNumberBytes];
        var bytes = InputKeys.First(tensor, number);
        return bytes.IsEmpty ? ByWeight(route, random, ChoiceReason.NoKey) : ByKey(route.Live, bytes);
    }

    /// <summary>The variant of a key; a pure function of the endpoint's name, the key, and the variants' names and weights.</summary>
    internal RoutedVariant Of(IReadOnlyList<RoutedVariant> live, ReadOnlySpan<byte> value)
    {
        var hash = Rendezvous.OfKey(_seed, value);
        var best = live[0];
        var highest = -1.0;
        for (var i = 0; i < live.Count; i++)
        {
            var score = Rendezvous.Score(hash, live[i].Hash, live[i].Weight);
            if (score > highest)
            {
                (best, highest) = (live[i], score);
            }
        }

        return best;
    }

    private Choice ByKey(IReadOnlyList<RoutedVariant> live, string text)
    {
        var length = Encoding.UTF8.GetMaxByteCount(text.Length);
        var buffer = length <= MaxKeyOnStack ? stackalloc byte[MaxKeyOnStack] : new byte[length];
        return ByKey(live, buffer[..Encoding.UTF8.GetBytes(text, buffer)]);
    }

    private Choice ByKey(IReadOnlyList<RoutedVariant> live, ReadOnlySpan<byte> value) => new(Of(live, value), ChoiceReason.Sticky);
}
