namespace Cri.ImageService;

/// <summary>Where the image service says what an operator should know and no caller waits for; each text names its object.</summary>
/// <param name="Info">Something happened as it should.</param>
/// <param name="Warn">Something went wrong and was dealt with.</param>
public sealed record ImageJournal(Action<string> Info, Action<string> Warn)
{
    /// <summary>Tells nobody.</summary>
    public static ImageJournal None { get; } = new(_ => { }, _ => { });
}
