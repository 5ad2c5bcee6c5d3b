using System.Globalization;

namespace MlSystem.Training.Recommendation;

internal static class Setting
{
    /// <exception cref="ArgumentException">Names the setting, its value and its range.</exception>
    public static void Check(bool good, string name, object? value, string range)
    {
        if (!good)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"'{name}' is {value}, allowed is {range}."), name);
        }
    }
}
